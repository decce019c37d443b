import { expect } from 'chai';
import { draftConsent } from '../../../../src/client/consent/draftConsent.ts';
import {
  revokeAll,
  revokeConsent,
  revokeDelegated,
} from '../../../../src/client/consent/revoke.ts';
import { signConsent } from '../../../../src/client/consent/signConsent.ts';
import { authorityOf, type Wallet } from '../../../../src/client/wallet/wallet.ts';
import { randomBytes } from '../../../../src/crypto/random.ts';
import { recoverAccount } from '../../../../src/crypto/signatures.ts';
import { fromHex, type Hex } from '../../../../src/hash/bytes.ts';
import { typedDigest } from '../../../../src/wire/typedData.ts';
import { codeOf } from '../../../support/codeOf.ts';
import { federationId, idOf, networkId } from '../../wire/consentFixture.ts';
import { consensusStandIn } from './consensusStandIn.ts';
import { walletIn, wishOf } from './consentWishes.ts';

const lake = idOf('lake');
const signed = (wallet: Wallet, epoch = 0n) =>
  signConsent(wallet, federationId, draftConsent(wishOf(wallet, { epoch }), randomBytes)).kept;
const accountWord = (wallet: Wallet): Hex => `0x${'00'.repeat(12)}${authorityOf(wallet).slice(2)}`;

describe('revoke', () => {
  it('sends one signature to every network that the consent names, at once', async () => {
    const wallet = walletIn('network', 'lake');
    const [kept, stays] = [signed(wallet), signed(wallet)];
    const [here, there] = [await consensusStandIn(networkId), await consensusStandIn(lake)];
    const ways = new Map([
      [networkId, here],
      [lake, there],
    ]);
    expect(await revokeConsent(wallet, kept, ways)).to.deep.equal([
      { networkId },
      { networkId: lake },
    ]);
    const [[one], [other]] = [here.taken, there.taken];
    expect(one).to.include({ patientId: wallet.networks[networkId]?.patientId, kind: 5 });
    expect(other).to.include({ patientId: wallet.networks[lake]?.patientId, kind: 5 });
    expect(one?.words).to.deep.equal([accountWord(wallet), kept.digest]);
    expect(one?.signature).to.equal(other?.signature);
    const message = { account: authorityOf(wallet), digest: kept.digest };
    const digest = typedDigest('RevokeConsent', federationId, message);
    expect(recoverAccount(digest, one?.signature ?? '')).to.equal(authorityOf(wallet));
    expect(kept.revoked).to.equal(true);
    expect(stays.revoked).to.equal(false);
  });

  it('tells the networks that did not take it, and goes on with the others', async () => {
    const wallet = walletIn('network', 'lake');
    const kept = signed(wallet);
    const busy = { code: 'TooManyMessages', message: 'tomorrow', retryable: true };
    const refusing = new Map([[networkId, await consensusStandIn(networkId, busy)]]);
    const none = await revokeConsent(wallet, kept, refusing);
    expect(none.map(({ error }) => error?.code)).to.deep.equal(['TooManyMessages', 'NoWay']);
    expect(kept.revoked).to.equal(false);
    const ways = new Map([...refusing, [lake, await consensusStandIn(lake)]]);
    const some = await revokeConsent(wallet, kept, ways);
    expect(some.map(({ error }) => error?.code)).to.deep.equal(['TooManyMessages', undefined]);
    expect(kept.revoked).to.equal(true);
  });

  it('takes a revocation that stands already as done', async () => {
    const wallet = walletIn('network');
    const kept = signed(wallet);
    const known = { code: 'Revoked', message: 'this was revoked before', retryable: false };
    const ways = new Map([[networkId, await consensusStandIn(networkId, known)]]);
    expect(await revokeConsent(wallet, kept, ways)).to.deep.equal([{ networkId }]);
    expect(kept.revoked).to.equal(true);
  });

  it('revokes what a delegate signed by its digest alone, under the patient’s account', async () => {
    const wallet = walletIn('network', 'lake');
    const here = await consensusStandIn(networkId);
    const digest = idOf('signed by a delegate');
    const outcomes = await revokeDelegated(wallet, digest, new Map([[networkId, here]]));
    expect(outcomes.map(({ error }) => error?.code)).to.deep.equal([undefined, 'NoWay']);
    const [message] = here.taken;
    expect(message?.words).to.deep.equal([accountWord(wallet), digest]);
    const signed = typedDigest('RevokeConsent', federationId, {
      account: authorityOf(wallet),
      digest,
    });
    expect(recoverAccount(signed, message?.signature ?? '')).to.equal(authorityOf(wallet));
  });

  it('takes back only what its own account signed', async () => {
    const kept = signed(walletIn('network'));
    const here = await consensusStandIn(networkId);
    const act = () => revokeConsent(walletIn('network'), kept, new Map([[networkId, here]]));
    expect(await codeOf(act)).to.equal('NotHerSigner');
    expect(here.taken).to.deep.equal([]);
  });

  it('revokes all of a lower epoch by one message', async () => {
    const wallet = walletIn('network');
    const [old, fresh] = [signed(wallet, 3n), signed(wallet, 4n)];
    const here = await consensusStandIn(networkId);
    expect(await revokeAll(wallet, 4n, new Map([[networkId, here]]))).to.deep.equal([
      { networkId },
    ]);
    const [message] = here.taken;
    expect(message?.kind).to.equal(6);
    expect(message?.words).to.deep.equal([accountWord(wallet), `0x${'00'.repeat(31)}04`]);
    const account = authorityOf(wallet);
    const digest = typedDigest('RevokeAll', federationId, { account, minEpoch: 4n });
    expect(recoverAccount(digest, message?.signature ?? '')).to.equal(account);
    expect(fromHex(message?.signature ?? '0x')).to.have.lengthOf(65);
    expect([old.revoked, fresh.revoked]).to.deep.equal([true, false]);
  });
});
