import { expect } from 'chai';
import type { ClientTransport } from '../../../../src/client/ask.ts';
import {
  lacksEmergencyCard,
  makeEmergencyCard,
  presentCard,
  withdrawEmergencyCard,
} from '../../../../src/client/emergency/emergencyCard.ts';
import {
  networkOf,
  newWallet,
  type Wallet,
  type WalletNetwork,
} from '../../../../src/client/wallet/wallet.ts';
import { cardLookUp } from '../../../../src/crypto/derivations.ts';
import { openQuestion, sealAnswer } from '../../../../src/crypto/clientSeal.ts';
import { openCustody } from '../../../../src/crypto/custodyPackage.ts';
import { deriveKemKeyPair, registeredKemKey } from '../../../../src/crypto/hpkeSealing.ts';
import { joinSummaryKey } from '../../../../src/crypto/emergencyShares.ts';
import { randomBytes } from '../../../../src/crypto/random.ts';
import { authorityOf } from '../../../../src/client/wallet/wallet.ts';
import type { KnownNode } from '../../../../src/domain/knownNode.ts';
import { CarelatticeError } from '../../../../src/errors.ts';
import { fromHex, type Hex, toHex, ZERO_32 } from '../../../../src/hash/bytes.ts';
import { type CustodyContent, custodyMessage } from '../../../../src/wire/emergencyMessages.ts';
import { HYBRID_SUITE } from '../../../../src/wire/kemSuite.ts';
import { decodeMessage, encodeMessage } from '../../../../src/wire/messages.ts';
import { codeOf } from '../../../support/codeOf.ts';

const id = (): Hex => toHex(randomBytes(32));

interface StandIn {
  readonly node: KnownNode;
  readonly seed: Uint8Array;
  readonly taken: CustodyContent[];
  isDown: boolean;
}

async function standIn(change: Partial<KnownNode> = {}): Promise<StandIn> {
  const seed = randomBytes(32);
  const { publicKey } = await deriveKemKeyPair(HYBRID_SUITE, seed);
  const node: KnownNode = {
    nodeId: id(),
    role: 'recording',
    name: 'North',
    account: '0x',
    keyEpoch: 1,
    kemKey: registeredKemKey(publicKey),
    kemKeyEpoch: 1,
    tlsKeyHash: ZERO_32,
    endpoint: '',
    position: 0,
    state: 'admitted',
    activeFrom: 0,
    formerAccounts: [],
    ...change,
  };
  return { node, seed, taken: [], isDown: false };
}

describe('making an emergency card', () => {
  let wallet: Wallet;
  let network: WalletNetwork;
  let all: StandIn[];
  beforeEach(async () => {
    wallet = newWallet(randomBytes);
    network = networkOf(wallet, { federationId: id(), networkId: id(), chainId: 9 });
    all = await Promise.all(Array.from({ length: 5 }, () => standIn()));
    network.relations = all.slice(3).map(({ node }) => ({
      ...{ nodeId: node.nodeId, role: 1, categories: [], handles: [], salt: id() },
      ...{ enrolledSeq: 1, countersignature: '0x' as const },
    }));
  });

  const transport: ClientTransport = {
    async ask({ nodeId }, sealed) {
      const target = all.find(({ node }) => node.nodeId === nodeId);
      if (target === undefined || target.isDown)
        throw new CarelatticeError('PeerUnreachable', 'the node is down', { retryable: true });
      const keyPair = await deriveKemKeyPair(HYBRID_SUITE, target.seed);
      const { networkId, federationId, chainId } = network;
      const { body, key } = await openQuestion(keyPair, { networkId, nodeId }, sealed);
      const message = decodeMessage(custodyMessage, body);
      const { patientId, cardEpoch } = message;
      const place = { networkId, chainId: BigInt(chainId), patientId, nodeId };
      const content = await openCustody(
        ...([fromHex(message.package), message.packageSignature] as const),
        ...([{ ...place, seq: BigInt(cardEpoch) }, keyPair] as const),
        { federationId, authority: authorityOf(wallet) },
      );
      target.taken.push(content);
      return sealAnswer(key, { body: encodeMessage({ taken: true }) });
    },
  };
  const make = (chosen: readonly StandIn[], holder = all[3]) => {
    if (holder === undefined) throw new Error('five stand in');
    const nodes = new Map(all.map(({ node }) => [node.nodeId, node]));
    const custodians = chosen.map(({ node }) => node);
    return makeEmergencyCard(
      wallet,
      network,
      { transport, nodes },
      { custodians, holder: holder.node },
    );
  };

  it('gives each of three custodians its share, and where the others and her inboxes are', async () => {
    expect(lacksEmergencyCard(network)).to.equal(true);
    const { card, notTold } = await make(all.slice(0, 3));
    expect(notTold).to.deep.equal([]);
    expect(card).to.deep.equal(presentCard(wallet, network));
    expect(lacksEmergencyCard(network)).to.equal(false);
    const given = all.slice(0, 3).map(({ taken }) => taken[0]?.custody);
    const shares = given.flatMap((content) => content?.share ?? []);
    expect(new Set(shares).size).to.equal(3);
    await joinSummaryKey(shares.slice(1), given[0]?.scopeKeyId ?? '0x');
    expect(new Set(given.map((content) => content?.accessKey)).size).to.equal(3);
    for (const content of given) {
      expect(content?.lookUp).to.equal(cardLookUp(fromHex(card.secret), card.cardEpoch));
      expect(content?.custodians).to.deep.equal(all.slice(0, 3).map(({ node }) => node.nodeId));
      expect(content?.holder).to.equal(all[3]?.node.nodeId);
      expect(content?.inboxes).to.deep.equal(all.slice(3).map(({ node }) => node.nodeId));
    }
    expect(all[4]?.taken).to.deep.equal([]);
  });

  it('takes three different admitted recording nodes and nothing else', async () => {
    const [a, b, c, d] = all;
    if (!a || !b || !c || !d) throw new Error('five stand in');
    const others = await Promise.all([
      standIn({ role: 'consensus' }),
      standIn({ role: 'index' }),
      standIn({ role: 'reader' }),
      standIn({ role: 'observer' }),
      standIn({ state: 'suspended' }),
      standIn({ state: 'removed' }),
    ]);
    const wrong = [[], [a, b], [a, b, b], [a, b, c, d], ...others.map((other) => [a, b, other])];
    for (const chosen of wrong) expect(await codeOf(() => make(chosen))).to.equal('NotACustodian');
    expect(await codeOf(() => make([a, b, c], a))).to.equal('NotInRelations');
    expect(all.flatMap(({ taken }) => taken)).to.deep.equal([]);
    expect(lacksEmergencyCard(network)).to.equal(true);
  });

  it('raises the epoch, and tells those who keep nothing any more, later those who were down', async () => {
    const [a, b, c, d, e] = all;
    if (!a || !b || !c || !d || !e) throw new Error('five stand in');
    const { card: first } = await make([a, b, c]);
    a.isDown = true;
    const { card: second, notTold } = await make([c, d, e]);
    expect(second.cardEpoch).to.equal(first.cardEpoch + 1);
    expect(second.secret).to.not.equal(first.secret);
    expect(notTold).to.deep.equal([a.node.nodeId]);
    expect(b.taken.at(-1)).to.include({ cardEpoch: second.cardEpoch });
    expect(b.taken.at(-1)).to.not.have.property('custody');
    a.isDown = false;
    expect((await make([c, d, e])).notTold).to.deep.equal([]);
    expect(a.taken.at(-1)).to.not.have.property('custody');
  });

  it('leaves the wallet as it was when a custodian does not take its share', async () => {
    const [a, b, c] = all;
    if (!a || !b || !c) throw new Error('five stand in');
    b.isDown = true;
    expect(await codeOf(() => make([a, b, c]))).to.equal('PeerUnreachable');
    expect(lacksEmergencyCard(network)).to.equal(true);
  });

  it('is taken back: every custodian is told, the one that was down when it is asked again', async () => {
    const [a, b, c] = all;
    if (!a || !b || !c) throw new Error('five stand in');
    const { card } = await make([a, b, c]);
    c.isDown = true;
    const ways = { transport, nodes: new Map(all.map(({ node }) => [node.nodeId, node])) };
    const withdrawn = () => withdrawEmergencyCard(wallet, network, ways);
    expect(await withdrawn()).to.deep.equal([c.node.nodeId]);
    expect([lacksEmergencyCard(network), presentCard(wallet, network)]).to.deep.equal([
      true,
      undefined,
    ]);
    c.isDown = false;
    expect(await withdrawn()).to.deep.equal([]);
    for (const one of [a, b, c]) {
      expect(one.taken.at(-1)).to.not.have.property('custody');
      expect(one.taken.at(-1)?.cardEpoch).to.be.above(card.cardEpoch);
    }
    expect((await make([a, b, c])).card.cardEpoch).to.be.above(card.cardEpoch + 1);
  });
});
