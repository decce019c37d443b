import { expect } from 'chai';
import { ask } from '../../src/client/ask.ts';
import { grantMessage, revokeAllMessage } from '../../src/client/patientMessages.ts';
import { authorityOf, newWallet, type Wallet } from '../../src/client/wallet/wallet.ts';
import { signDigest } from '../../src/crypto/signatures.ts';
import { fromHex, type Hex, toHex } from '../../src/hash/bytes.ts';
import { MessageType } from '../../src/wire/envelope.ts';
import { encodeMessage, type PatientMessage } from '../../src/wire/messages.ts';
import { typedDigest } from '../../src/wire/typedData.ts';
import { codeOf } from '../support/codeOf.ts';
import {
  activeNode,
  clientOf,
  enrolledPatient,
  handIn,
  random,
  settleAll,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import { flipped } from '../support/hostileNetwork.ts';
import { revocationOf } from '../support/reading.ts';

describe('a consensus node that takes consents', function () {
  this.timeout(60_000);
  let network: TestNetwork;
  let patient: TestPatient;

  before(async () => {
    network = await startTestNetwork({ hospitals: ['North', 'South'] });
    await network.settle();
    patient = await enrolledPatient(network, ['North']);
  });
  after(() => network.close());

  /** A digest of some consent, signed by this wallet. */
  function grantBy(wallet: Wallet, digest: Hex = toHex(random(32))): PatientMessage {
    const signature = signDigest(fromHex(wallet.authorityKey, 32), fromHex(digest));
    return grantMessage(patient.network.patientId, authorityOf(wallet), digest, signature);
  }

  function revokeAllBy(wallet: Wallet, minEpoch: bigint): PatientMessage {
    const { federationId } = network.manifest;
    const account = authorityOf(wallet);
    const digest = typedDigest('RevokeAll', federationId, { account, minEpoch });
    const signature = signDigest(fromHex(wallet.authorityKey, 32), digest);
    return revokeAllMessage(patient.network.patientId, account, minEpoch, signature);
  }

  const bring = (message: object): Promise<string> => {
    const { consensus, transport } = clientOf(network);
    const { networkId } = network.manifest;
    const type = MessageType.PatientMessage;
    return codeOf(() => ask(transport, networkId, consensus, type, encodeMessage(message)));
  };
  const stateOf = async (message: PatientMessage): Promise<number> => {
    const { consents } = network.node('North').open.components.contracts;
    const [account, digest] = message.words as [Hex, Hex];
    const signer: Hex = `0x${account.slice(-40)}`;
    return Number((await consents.call('statusOf', [signer, digest, 0n], 'latest'))[0]);
  };
  /** What the active node's batches were refused for. */
  const refusedItems = (): string[] =>
    activeNode(network)
      .open.components.db.all('SELECT reason FROM refused_item ORDER BY rowid')
      .map(({ reason }) => String(reason));

  it('hostile 12: tells who brings the same consent twice, whoever that is, and changes nothing', async () => {
    const grant = grantBy(patient.wallet);
    expect(await bring(grant)).to.equal('none');
    // Before it stands it is the same message, and waits once.
    expect(await bring(grant)).to.equal('none');
    await network.settle();
    expect(await stateOf(grant)).to.equal(1);
    expect(await bring(grant)).to.equal('Used');
    const stranger = await enrolledPatient(network, ['South']);
    expect(await bring({ ...grant, patientId: stranger.network.patientId })).to.equal('Used');
    expect(await stateOf(grant)).to.equal(1);
  });

  it('hostile 12: goes on with the rest of a batch that has it twice', async () => {
    const [first, second, third] = [
      grantBy(patient.wallet),
      grantBy(patient.wallet),
      grantBy(patient.wallet),
    ];
    for (const grant of [first, second, third]) expect(await bring(grant)).to.equal('none');
    const before = refusedItems().length;
    activeNode(network).open.components.consensus.addMessage(toHex(random(32)), second);
    await network.settle();
    expect(refusedItems().slice(before)).to.deep.equal(['Used']);
    for (const grant of [first, second, third]) expect(await stateOf(grant)).to.equal(1);
  });

  it('hostile 24: refuses what nobody signed, and skips and reports it in a batch', async () => {
    const mallory = newWallet(random);
    const honest = grantBy(patient.wallet);
    const { signature } = grantBy(mallory, honest.words[1]);
    for (const forged of [
      { ...honest, signature },
      { ...honest, signature: '0x' },
      { ...honest, signature: honest.signature.slice(0, -2) },
      { ...honest, signature: `${honest.signature.slice(0, -2)}00` },
      { ...honest, words: [honest.words[0], flipped(honest.words[1]!)] },
      { ...honest, words: [grantBy(mallory).words[0], honest.words[1]] },
      { ...honest, kind: 5 },
    ])
      expect(await bring(forged)).to.equal('BadSignature');
    // A consensus node that lets it through all the same.
    const { consensus } = activeNode(network).open.components;
    const forged: PatientMessage = { ...honest, signature };
    const before = refusedItems().length;
    consensus.addMessage(toHex(random(32)), forged);
    expect(await bring(honest)).to.equal('none');
    await network.settle();
    expect(refusedItems().slice(before)).to.deep.equal(['BadSignature']);
    expect(await stateOf(honest)).to.equal(1);
  });

  it('refuses what has no form at once, and no message stops the others', async () => {
    const honest = grantBy(patient.wallet);
    const [account, digest] = honest.words as [Hex, Hex];
    const dirty = `0x01${account.slice(4)}`;
    const everything = revokeAllBy(patient.wallet, 1n);
    for (const [words, message] of Object.entries({
      'an account with more than 20 bytes': { ...honest, words: [dirty, digest] },
      'a word too many': { ...honest, words: [account, digest, digest] },
      'no word': { ...honest, words: [] },
      'an epoch beyond 64 bits': { ...everything, words: [account, `0x01${'00'.repeat(31)}`] },
      'kind 0': { ...honest, kind: 0 },
      'an unknown kind': { ...honest, kind: 99 },
      'a kind beyond a byte': { ...honest, kind: 300 },
      'a kind beyond all': { ...honest, kind: 2 ** 40 },
    }))
      expect(await bring(message), words).to.equal('MalformedBody');
    expect(await bring(honest)).to.equal('none');
    await network.settle();
    expect(await stateOf(honest)).to.equal(1);
  });

  describe('of one account', () => {
    it('takes a hundred a day; hers of other kinds and those of others go on', async () => {
      const busy = newWallet(random);
      const day = (): number => activeNode(network).open.components.now();
      const first = grantBy(busy);
      expect(await bring(first)).to.equal('none');
      for (let i = 1; i < 100; i++) expect(await bring(grantBy(busy)), `${i}`).to.equal('none');
      expect(await bring(grantBy(busy))).to.equal('TooManyMessages');
      // The message that came before may come again: it is the same one.
      expect(await bring(first)).to.equal('none');
      const back = revocationOf(network, busy, patient.network.patientId, first.words[1]!);
      expect(await bring(back)).to.equal('none');
      expect(await bring(revokeAllBy(busy, 1n))).to.equal('none');
      expect(await bring(grantBy(patient.wallet))).to.equal('none');
      await settleAll(network);
      expect(await stateOf(first)).to.equal(2);
      const midnight = (Math.floor(day() / 86_400) + 1) * 86_400;
      await network.chain.setTime(midnight);
      await network.chain.mine();
      await network.settle();
      expect(await bring(grantBy(busy))).to.equal('none');
    });

    it('does not count what a stranger who has the signed consent brings again and again', async () => {
      const grant = grantBy(patient.wallet);
      for (let i = 0; i < 120; i++) expect(await bring(grant), `${i}`).to.equal('none');
      const other = grantBy(patient.wallet);
      expect(await bring(other)).to.equal('none');
      await network.settle();
      for (const one of [grant, other]) expect(await stateOf(one)).to.equal(1);
    });
  });
});

describe('a consensus node that falls with consents waiting', () => {
  it('is followed by the standby, which brings them and the revocations to the chain', async function () {
    this.timeout(60_000);
    const network = await startTestNetwork({ windows: { takeOverSeconds: 8 } });
    try {
      await network.settle();
      const patient = await enrolledPatient(network, ['North', 'South']);
      const { consensus, transport } = clientOf(network);
      const { networkId } = network.manifest;
      const digests = [toHex(random(32)), toHex(random(32))];
      const sign = (digest: Hex) =>
        signDigest(fromHex(patient.wallet.authorityKey, 32), fromHex(digest));
      const { patientId } = patient.network;
      const bring = (message: PatientMessage) =>
        ask(transport, networkId, consensus, MessageType.PatientMessage, encodeMessage(message));
      for (const digest of digests)
        await bring(grantMessage(patientId, authorityOf(patient.wallet), digest, sign(digest)));
      await bring(revocationOf(network, patient.wallet, patientId, digests[1]!));
      // The standby has heard of them; the active one falls before it has sent them.
      await network.node('Keeper').open.courier.flush();
      await network.node('Keeper').stop();
      await handIn(network, 'North', patient);
      for (let i = 0; i < 60 && activeNode(network).name === 'Keeper'; i++) await network.step();
      expect(activeNode(network).name).to.equal('Standby');
      await settleAll(network);
      const { consents } = network.node('North').open.components.contracts;
      const states = await Promise.all(
        digests.map((digest) =>
          consents.call('statusOf', [authorityOf(patient.wallet), digest, 0n], 'latest'),
        ),
      );
      expect(states.map(([state]) => Number(state))).to.deep.equal([1, 2]);
    } finally {
      await network.close();
    }
  });
});
