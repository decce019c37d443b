import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonText } from '../../../../src/client/account/guardianFiles.node.ts';
import { recoveryRequest, requestText } from '../../../../src/client/account/guardianRequests.ts';
import { guardianCards, newCircle } from '../../../../src/client/account/guardians.ts';
import { makeGuardian } from '../../../../src/client/account/guardiansByCommand.node.ts';
import { randomBytes } from '../../../../src/crypto/random.ts';
import { type Hex, toHex } from '../../../../src/hash/bytes.ts';
import { typedDigest } from '../../../../src/wire/typedData.ts';
import { codeOf } from '../../../support/codeOf.ts';
import { processes, type Processes } from '../../../support/processes.ts';
import { program, ROOT } from '../../../support/runningSteps.ts';

const PHRASE = 'correct horse battery staple';

describe('a guardian’s commands', function () {
  this.timeout(60_000);
  let folder: string;
  let started: Processes;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'carelattice-guardian-'));
    started = processes(ROOT, {});
  });
  afterEach(async () => {
    await started.endAll();
    await rm(folder, { recursive: true });
  });
  const file = (...names: string[]): string => join(folder, ...names);

  it('hostile: sign the request that she read, though its file is another one a moment later', async function () {
    if (process.platform === 'win32') this.skip(); // it has no mkfifo
    const { authority } = await makeGuardian(file('wallet'), PHRASE, file('account'));
    const id = (): Hex => toHex(randomBytes(32));
    const place = { federationId: id(), networkId: id(), chainId: 7, patientId: id() };
    const others = [toHex(randomBytes(20)), toHex(randomBytes(20))];
    const circle = newCircle([authority, ...others], { threshold: 2, delay: 259_200 }, randomBytes);
    const card = guardianCards(place, circle).find(({ account }) => account === authority);
    const [good, evil]: [Hex, Hex] = [`0x${'11'.repeat(20)}`, `0x${'ee'.repeat(20)}`];
    const read = recoveryRequest(place, 1n, good);
    await writeFile(file('request'), requestText(read));
    await writeFile(file('same-card'), jsonText(card ?? {}));
    await writeFile(file('phrase'), `${PHRASE}\n`, { mode: 0o600 });
    execFileSync('mkfifo', [file('card')]);

    const finished = started.run(
      program(
        `npm run -s account -- approve ${file('request')} --card ${file('card')} --wallet ${file('wallet')} --passphrase-file ${file('phrase')} --out ${file('approval')}`,
      ),
    );
    // The pipe opens when the command has read the request and wants the card; nothing is shown yet.
    const pipe = await Promise.race([open(file('card'), 'w'), finished]);
    if (!('writeFile' in pipe)) expect.fail(`no card was read: ${pipe.err}`);
    await writeFile(file('request'), requestText(recoveryRequest(place, 1n, evil)));
    await rename(file('same-card'), file('card'));
    await pipe.writeFile(jsonText(card ?? {}));
    await pipe.close();

    const { code, out, err } = await finished;
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    expect(out.toLowerCase()).to.contain(good).and.not.to.contain(evil);
    const approval: unknown = JSON.parse(await readFile(file('approval'), 'utf8'));
    const digest = typedDigest('RecoverAuthority', place.federationId, read.fields);
    expect(approval).to.include({ digest: toHex(digest) });
  });

  it('hostile: leave no wallet behind whose account could not be written, nor a code that nobody saw', async () => {
    const make = (out: string) => codeOf(() => makeGuardian(file('wallet'), PHRASE, out));
    await writeFile(file('taken'), 'old');
    expect(await make(file('taken'))).to.equal('SecretFileExists');
    expect(await make(file('taken', 'below', 'account'))).to.equal('FolderMissing');
    expect(await make(file('taken', 'account'))).to.equal('FolderMissing');
    // The wallet itself is in the way only when it is made.
    expect(await make(file('wallet'))).to.equal('SecretFileExists');
    expect(await readdir(folder)).to.deep.equal(['taken']);
    expect(await readFile(file('taken'), 'utf8')).to.equal('old');
    expect(await make(file('new', 'account'))).to.equal('none');
    expect(await readdir(folder)).to.have.members(['taken', 'wallet', 'new']);
  });

  it('hostile: leave none behind either where this user may not write', async function () {
    if (process.platform === 'win32' || process.getuid?.() === 0) this.skip(); // they write everywhere
    await mkdir(file('closed'), { mode: 0o500 });
    const make = () => makeGuardian(file('wallet'), PHRASE, file('closed', 'account'));
    expect(await codeOf(make)).to.equal('FolderNotWritable');
    expect(await readdir(folder)).to.deep.equal(['closed']);
  });
});
