import { expect } from 'chai';
import { enroll } from '../../../../src/client/enrolment/enroll.ts';
import {
  authorityOf,
  networkOf,
  newWallet,
  type Wallet,
} from '../../../../src/client/wallet/wallet.ts';
import {
  assertWalletSlots,
  removeWalletSlot,
  renewWalletSlot,
  sealWalletKey,
} from '../../../../src/client/wallet/walletKeys.ts';
import type { SlotSecret } from '../../../../src/crypto/keySlot.ts';
import { openRootKey } from '../../../../src/crypto/keySlots.ts';
import { randomBytes } from '../../../../src/crypto/random.ts';
import { toHex, ZERO_32 } from '../../../../src/hash/bytes.ts';
import { codeOf } from '../../../support/codeOf.ts';
import { FAST_SLOTS } from '../../../support/fastSlots.ts';
import { CODE, fullWallet, GUARDIANS, PASSPHRASE } from './walletFixture.ts';

const opens = (wallet: Wallet, secret: SlotSecret): Promise<string> =>
  codeOf(async () => {
    if (wallet.keySlots === undefined) throw new Error('no slots');
    const rootKey = await openRootKey(wallet.keySlots, secret, FAST_SLOTS);
    expect(toHex(rootKey)).to.equal(wallet.rootKey);
  });

/** Enrols at nobody, through a network that must not be reached. */
function enrollment(wallet: Wallet): Promise<void> {
  const address = { federationId: ZERO_32, networkId: ZERO_32, chainId: 1001 };
  const unreachable = (): never => {
    throw new Error('something was sent');
  };
  const node = {
    nodeId: ZERO_32,
    name: 'None',
    role: 'consensus' as const,
    state: 'admitted' as const,
    position: 0,
    kemSuite: 1,
  };
  const client = {
    transport: { ask: unreachable },
    consensus: node,
    nodes: new Map(),
    categories: [],
    random: randomBytes,
  };
  return enroll(wallet, networkOf(wallet, address), client as never, []); // ends before it looks at any of it
}

describe('walletKeys', () => {
  it('refuse an enrolment before the root key is in two slots of different kinds', async () => {
    const wallet = newWallet(randomBytes);
    expect(await codeOf(() => enrollment(wallet))).to.equal('TooFewSlots');
    const one = [PASSPHRASE];
    expect(await codeOf(() => sealWalletKey(wallet, one, FAST_SLOTS))).to.equal('TooFewSlots');
    const twice = [PASSPHRASE, PASSPHRASE];
    const same = await codeOf(() => sealWalletKey(wallet, twice, FAST_SLOTS));
    expect(same).to.equal('TwoSlotsOfOneKind');
    expect(wallet.keySlots).to.equal(undefined);
    const { wallet: full } = await fullWallet();
    const [slot] = full.keySlots?.slots ?? [];
    if (full.keySlots === undefined || slot === undefined) return expect.fail('slots');
    const left: Wallet = { ...full, keySlots: { ...full.keySlots, slots: [slot] } };
    expect(await codeOf(() => enrollment(left))).to.equal('TooFewSlots');
    const doubled: Wallet = { ...full, keySlots: { ...full.keySlots, slots: [slot, slot] } };
    expect(await codeOf(() => enrollment(doubled))).to.equal('TwoSlotsOfOneKind');
    const strange: Wallet = { ...full, rootKey: toHex(randomBytes(32)) };
    expect(await codeOf(() => enrollment(strange))).to.equal('RootKeyMismatch');
  });

  it('change the passphrase: the old one opens no longer, keys and identifiers stay', async () => {
    const { wallet, shares } = await fullWallet();
    const before = structuredClone(wallet);
    const evening = { ...PASSPHRASE, passphrase: 'a lake in the evening' };
    await renewWalletSlot(wallet, evening, FAST_SLOTS);
    expect(await opens(wallet, PASSPHRASE)).to.equal('WrongPassphrase');
    expect(await opens(wallet, evening)).to.equal('none');
    expect(await opens(wallet, CODE)).to.equal('none');
    expect(await opens(wallet, { kind: 'guardians', shares })).to.equal('none');
    expect(await opens(before, PASSPHRASE), 'a copy of before').to.equal('none');
    expect({ ...wallet, keySlots: 0 }).to.deep.equal({ ...before, keySlots: 0 });
  });

  it('take guardians later, and other guardians in their place', async () => {
    const wallet = newWallet(randomBytes);
    await sealWalletKey(wallet, [PASSPHRASE, CODE], FAST_SLOTS);
    const first = await renewWalletSlot(wallet, GUARDIANS, FAST_SLOTS);
    expect(await opens(wallet, { kind: 'guardians', shares: first.slice(1) })).to.equal('none');
    const second = await renewWalletSlot(wallet, { ...GUARDIANS, threshold: 3 }, FAST_SLOTS);
    const old = { kind: 'guardians', shares: first } as const;
    expect(await opens(wallet, old)).to.equal('ShareOfAnotherSet');
    const few = { kind: 'guardians', shares: second.slice(1) } as const;
    expect(await opens(wallet, few)).to.equal('TooFewShares');
    expect(await opens(wallet, { kind: 'guardians', shares: second })).to.equal('none');
  });

  it('keep two kinds', async () => {
    const { wallet } = await fullWallet();
    removeWalletSlot(wallet, 'recoveryCode');
    expect(await opens(wallet, CODE)).to.equal('NoSuchSlot');
    expect(await codeOf(() => removeWalletSlot(wallet, 'guardians'))).to.equal('TooFewSlots');
    expect(await codeOf(() => assertWalletSlots(wallet))).to.equal('none');
    const bare = newWallet(randomBytes);
    const alone = await codeOf(() => renewWalletSlot(bare, PASSPHRASE, FAST_SLOTS));
    expect(alone).to.equal('TooFewSlots');
  });

  it('leave her identifiers as they are when the root key becomes another one', async () => {
    const { wallet } = await fullWallet();
    const [network] = Object.values(wallet.networks);
    if (network === undefined) return expect.fail('a network');
    const { patientId, idNonce, seq } = network;
    const authority = authorityOf(wallet);
    wallet.rootKey = toHex(randomBytes(32));
    delete wallet.keySlots;
    await sealWalletKey(wallet, [PASSPHRASE, CODE], FAST_SLOTS);
    expect(networkOf(wallet, network)).to.include({ patientId, idNonce, seq });
    expect(authorityOf(wallet)).to.equal(authority);
  });
});
