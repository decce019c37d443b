import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  createPatient,
  type HandOut,
  renewSlot,
  type Renewal,
} from '../../../../src/client/wallet/createPatient.node.ts';
import {
  AT_STAKE,
  guardianPlanOf,
  handOutText,
} from '../../../../src/client/wallet/handOutText.ts';
import { slotSecret } from '../../../../src/client/wallet/unlock.node.ts';
import { authorityOf, networkOf } from '../../../../src/client/wallet/wallet.ts';
import {
  openWalletFile,
  replaceWalletFile,
} from '../../../../src/client/wallet/walletFile.node.ts';
import type { SlotSecret } from '../../../../src/crypto/keySlot.ts';
import { ZERO_32 } from '../../../../src/hash/bytes.ts';
import { codeOf } from '../../../support/codeOf.ts';
import { FAST_SLOTS } from '../../../support/fastSlots.ts';

const PHRASE = 'a lake in the morning';
const passphrase = { kind: 'passphrase', passphrase: PHRASE } as const;

describe('createPatient', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wallet-'));
    path = join(folder, 'wallet.json');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const plan = (threshold: number, guardians: number, name = 'shares') => ({
    threshold,
    guardians,
    folder: join(folder, name),
  });
  const create = (of = path, guardians?: ReturnType<typeof plan>): Promise<HandOut> =>
    createPatient(of, PHRASE, guardians, FAST_SLOTS);
  const open = (secret: SlotSecret) => openWalletFile(path, secret, FAST_SLOTS);
  const renew = (renewal: Renewal, secret: SlotSecret = passphrase) =>
    renewSlot(path, secret, renewal, FAST_SLOTS);
  const sharesOf = ({ shareFiles }: HandOut) => slotSecret('guardians', { shareFiles });
  const codeFrom = ({ recoveryCode = '' }: HandOut) =>
    ({ kind: 'recoveryCode', code: recoveryCode }) as const;

  it('makes a wallet that passphrase, recovery code and guardians open', async () => {
    const handOut = await create(path, plan(2, 3));
    for (const secret of [passphrase, codeFrom(handOut), await sharesOf(handOut)])
      expect(authorityOf(await open(secret))).to.equal(handOut.authority);
    const [first = ''] = handOut.shareFiles;
    const one = await slotSecret('guardians', { shareFiles: [first] });
    expect(await codeOf(() => open(one))).to.equal('TooFewShares');
    const twice = await slotSecret('guardians', { shareFiles: [first, first] });
    expect(await codeOf(() => open(twice))).to.equal('ShareTwice');
  });

  it('keeps wallet and shares to their owner, and neither secret nor code in the wallet', async () => {
    const handOut = await create(path, plan(2, 3));
    for (const file of [path, ...handOut.shareFiles])
      expect((await stat(file)).mode & 0o777).to.equal(0o600);
    const text = await readFile(path, 'utf8');
    const { rootKey, authorityKey } = await open(passphrase);
    const secrets = [PHRASE, handOut.recoveryCode, rootKey.slice(2), authorityKey.slice(2)];
    for (const secret of secrets) expect(text).to.not.contain(secret);
  });

  it('names the true cost of a guess, and opens no cheaper slot', async () => {
    await createPatient(path, PHRASE);
    const { keySlots } = await openWalletFile(path, passphrase);
    const slot = keySlots?.slots.find(({ kind }) => kind === 'passphrase');
    expect(slot).to.include({ kdf: 'argon2id', memoryKiB: 65_536, passes: 3, lanes: 1 });
    const weak = join(folder, 'weak.json');
    await create(weak); // at the cost of tests
    expect(await codeOf(() => openWalletFile(weak, passphrase))).to.equal('WeakKeySlot');
  });

  it('overwrites nothing, and leaves no half set of shares', async () => {
    await create();
    const before = await readFile(path);
    expect(await codeOf(() => create(path, plan(2, 3)))).to.equal('SecretFileExists');
    expect(await readFile(path)).to.deep.equal(before);
    expect(await readdir(folder)).to.deep.equal(['wallet.json']);
    const other = join(folder, 'of', 'another', 'wallet.json');
    const { folder: shares } = plan(2, 3);
    await create(other, plan(2, 3));
    await rm(join(shares, 'share-1-of-3.json'));
    const guardians = { kind: 'guardians', ...plan(2, 3) } as const;
    expect(await codeOf(() => renew(guardians))).to.equal('SecretFileExists');
    expect((await readdir(shares)).sort()).to.deep.equal([
      'share-2-of-3.json',
      'share-3-of-3.json',
    ]);
    expect(await readFile(path)).to.deep.equal(before);
  });

  it('hostile: gives out no shares of a wallet that it cannot write', async () => {
    await writeFile(join(folder, 'taken'), '');
    for (const wallet of ['taken/wallet.json', 'taken/below/wallet.json'])
      expect(await codeOf(() => create(join(folder, wallet), plan(2, 3)))).to.equal(
        'FolderMissing',
      );
    expect(await codeOf(() => create(path, plan(2, 3, 'taken')))).to.equal('FolderMissing');
    expect(await readdir(folder)).to.deep.equal(['taken']);
    expect((await create(path, plan(2, 3))).shareFiles).to.have.length(3);
  });

  it('refuses a short passphrase and guardians who cannot agree before it writes anything', async () => {
    const short = () => createPatient(path, 'short', undefined, FAST_SLOTS);
    expect(await codeOf(short)).to.equal('PassphraseTooShort');
    expect(await codeOf(() => create(path, plan(4, 3)))).to.equal('BadGuardians');
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it('makes a slot anew by any other one, and keeps what the wallet holds', async () => {
    const first = await create();
    const wallet = await open(passphrase);
    networkOf(wallet, { federationId: ZERO_32, networkId: ZERO_32, chainId: 1001 });
    await replaceWalletFile(path, wallet);
    const evening = { kind: 'passphrase', passphrase: 'a lake in the evening' } as const;
    expect(await renew(evening, codeFrom(first))).to.include({ authority: first.authority });
    expect(await codeOf(() => open(passphrase))).to.equal('WrongPassphrase');
    const guardians = await renew({ kind: 'guardians', ...plan(3, 4) }, evening);
    const second = await renew({ kind: 'recoveryCode' }, await sharesOf(guardians));
    expect(await codeOf(() => open(codeFrom(first)))).to.equal('WrongRecoveryCode');
    for (const secret of [evening, codeFrom(second), await sharesOf(guardians)]) {
      const { networks, authorityKey, rootKey } = await open(secret);
      expect({ networks, authorityKey, rootKey }).to.deep.equal({
        networks: wallet.networks,
        authorityKey: wallet.authorityKey,
        rootKey: wallet.rootKey,
      });
    }
  });

  it('opens with no share of another patient', async () => {
    await create(path, plan(2, 3));
    const other = await create(join(folder, 'other.json'), plan(2, 3, 'others'));
    const shares = await sharesOf(other);
    expect(await codeOf(() => open(shares))).to.equal('ShareOfAnotherPatient');
  });

  it('says that there is no wallet, or that it is none', async () => {
    expect(await codeOf(() => open(passphrase))).to.equal('NoWallet');
    await writeFile(path, '{"version":2}', { mode: 0o600 });
    expect(await codeOf(() => open(passphrase))).to.equal('BadWallet');
  });
});

describe('handOutText', () => {
  it('shows what is given out once, and nothing of the rest', () => {
    const handOut = {
      authority: '0x12',
      recoveryCode: 'ABCDE-FGHJK',
      shareFiles: ['a.json'],
    } as const;
    expect(handOutText(handOut)).to.match(/shown only now[^]* {4}ABCDE-FGHJK\n[^]* {4}a\.json\n/);
    expect(handOutText({ authority: '0x12', shareFiles: [] })).to.equal('');
    expect(AT_STAKE).to.match(/nobody can open it/);
  });

  it('reads how many guardians must agree', async () => {
    expect(guardianPlanOf('2/3', 'd')).to.deep.equal({ threshold: 2, guardians: 3, folder: 'd' });
    expect(guardianPlanOf(undefined, undefined)).to.equal(undefined);
    for (const [text, folder] of [
      ['2/3', undefined],
      [undefined, 'd'],
      ['2', 'd'],
      ['2/x', 'd'],
      ['-2/3', 'd'],
      ['2/3/4', 'd'],
    ] as const)
      expect(await codeOf(() => guardianPlanOf(text, folder))).to.equal('BadOption');
  });
});
