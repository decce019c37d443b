import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { type Terminal, terminalOf } from '../../../../src/client/terminal.node.ts';
import {
  newPassphrase,
  renewalOf,
  slotNameOf,
  slotSecret,
} from '../../../../src/client/wallet/unlock.node.ts';
import { codeOf } from '../../../support/codeOf.ts';

const PHRASE = 'a lake in the morning';

/** A person who types these lines. */
function typing(...lines: string[]): Terminal & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    async askHidden(question) {
      asked.push(question);
      return lines.shift() ?? '';
    },
  };
}

describe('unlock', () => {
  let folder: string;
  let file: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'unlock-'));
    file = join(folder, 'secret');
  });
  beforeEach(() => writeFile(file, `${PHRASE}\r\nsecond line\n`, { mode: 0o600 }));
  after(() => rm(folder, { recursive: true }));

  it('takes a secret from a file’s first line, else from the terminal', async () => {
    const terminal = typing('typed by hand here', '00000-00000');
    const secrets = [
      await slotSecret('passphrase', { passphraseFile: file, terminal }),
      await slotSecret('recovery-code', { recoveryCodeFile: file }),
      await slotSecret('passphrase', { terminal }),
      await slotSecret('recovery-code', { terminal }),
    ];
    expect(secrets).to.deep.equal([
      { kind: 'passphrase', passphrase: PHRASE },
      { kind: 'recoveryCode', code: PHRASE },
      { kind: 'passphrase', passphrase: 'typed by hand here' },
      { kind: 'recoveryCode', code: '00000-00000' },
    ]);
    expect(terminal.asked).to.deep.equal(['Passphrase: ', 'Recovery code: ']);
  });

  it('says what is missing where nobody can be asked', async () => {
    const missing = { passphraseFile: join(folder, 'nowhere') };
    const empty = join(folder, 'empty');
    await writeFile(empty, '\n', { mode: 0o600 });
    const codes = [
      await codeOf(() => slotSecret('passphrase', {})),
      await codeOf(() => slotSecret('recovery-code', {})),
      await codeOf(() => slotSecret('guardians', { terminal: typing('x') })),
      await codeOf(() => slotSecret('passphrase', missing)),
      await codeOf(() => slotSecret('passphrase', { passphraseFile: empty })),
      await codeOf(() => slotSecret('passphrase', { terminal: typing('') })),
      await codeOf(() => slotSecret('guardians', { shareFiles: [join(folder, 'nowhere')] })),
    ];
    expect(new Set(codes)).to.deep.equal(new Set(['NoSecret']));
    const none = await codeOf(() => slotSecret('guardians', { shareFiles: [file] }));
    expect(none).to.equal('BadShare');
  });

  it('refuses a file with a secret that others may read', async function () {
    if (process.platform === 'win32') return this.skip();
    await chmod(file, 0o644);
    const exposed = await codeOf(() => slotSecret('passphrase', { passphraseFile: file }));
    await chmod(file, 0o600);
    expect(exposed).to.equal('SecretFileExposed');
  });

  it('has a new passphrase typed twice', async () => {
    expect(await newPassphrase(undefined, typing(PHRASE, PHRASE))).to.equal(PHRASE);
    expect(await newPassphrase(file, typing())).to.equal(PHRASE);
    const differ = await codeOf(() => newPassphrase(undefined, typing(PHRASE, 'a lake')));
    expect(differ).to.equal('PassphrasesDiffer');
  });

  it('reads which slot is meant', async () => {
    expect(slotNameOf('recovery-code')).to.equal('recovery-code');
    expect(await codeOf(() => slotNameOf('wallet-signature'))).to.equal('BadOption');
    const plan = { threshold: 2, guardians: 3, folder };
    const renewals = [
      await renewalOf('passphrase', file, undefined, undefined),
      await renewalOf('recovery-code', undefined, undefined, undefined),
      await renewalOf('guardians', undefined, undefined, plan),
    ];
    expect(renewals).to.deep.equal([
      { kind: 'passphrase', passphrase: PHRASE },
      { kind: 'recoveryCode' },
      { kind: 'guardians', ...plan },
    ]);
    const planless = () => renewalOf('guardians', undefined, undefined, undefined);
    expect(await codeOf(planless)).to.equal('BadOption');
  });
});

describe('terminal', () => {
  /** Both ends of a terminal, and what was shown. */
  function fake(isTTY: boolean) {
    const input = Object.assign(new PassThrough(), { isTTY, setRawMode: () => input });
    const output = Object.assign(new PassThrough(), { isTTY });
    // Streams with what terminalOf looks at.
    const terminal = terminalOf(input as never, output as never);
    return { input, terminal, shown: () => String(output.read() ?? '') };
  }

  it('asks without showing what is typed', async () => {
    const { input, terminal, shown } = fake(true);
    const answer = terminal?.askHidden('Passphrase: ');
    input.write(`${PHRASE}\r`);
    expect(await answer).to.equal(PHRASE);
    expect(shown()).to.equal('Passphrase: \n');
    const none = terminal?.askHidden('Passphrase: ');
    input.end();
    expect(await none).to.equal('');
  });

  it('is none where a program, not a person, is at the other end', () => {
    expect(fake(false).terminal).to.equal(undefined);
  });
});
