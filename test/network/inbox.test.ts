import { expect } from 'chai';
import { rotate, rotationOf, setInboxKey, veto } from '../../src/client/account/authority.ts';
import { ask } from '../../src/client/ask.ts';
import { type InboxItem, readInbox } from '../../src/client/inbox/inbox.ts';
import { dropByCommand, showInbox } from '../../src/client/inbox/inboxByCommand.ts';
import { inboxKeyOf } from '../../src/client/inbox/inboxKey.ts';
import { inboxToken } from '../../src/client/inbox/inboxToken.ts';
import { sealNotice } from '../../src/crypto/inboxSeal.ts';
import { type Hex, toHex } from '../../src/hash/bytes.ts';
import { waysInto } from '../../src/localnet/ways.ts';
import { MessageType } from '../../src/wire/envelope.ts';
import { LARGEST_ITEM, type Notice } from '../../src/wire/inboxMessages.ts';
import { encodeMessage } from '../../src/wire/messages.ts';
import { codeOf } from '../support/codeOf.ts';
import {
  enrolledPatient,
  knownNode,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import { guardedBy, guardIn, newSigner, wayOf } from '../support/guardians.ts';

const HERS = ['North', 'South'];

describe("a patient's inbox", () => {
  let network: TestNetwork;
  let patient: TestPatient;
  before(async () => {
    network = await startTestNetwork();
    await network.settle();
    patient = await enrolledPatient(network, HERS);
  });
  after(() => network.close());

  const inboxOf = async (
    { wallet, network: own }: TestPatient,
    names: readonly string[] = HERS,
    read: readonly InboxItem[] = [],
  ): Promise<InboxItem[]> => {
    const nodes = names.map((name) => knownNode(network, name));
    return readInbox(wallet, own, nodes, await waysInto(network, random), read);
  };
  const matters = (items: readonly InboxItem[]): (string | undefined)[] =>
    items.map(({ notice }) => (notice?.kind === 'account' ? notice.matter : notice?.kind));

  /** A node sends an item for her by courier, sealed to whom it likes. */
  async function send(from: string, to: string, patientId: Hex, sealed: Hex): Promise<Hex> {
    const id = toHex(random(32));
    const { courier } = network.node(from).open.components;
    const recipient = network.node(to).self.nodeId;
    courier.send(recipient, MessageType.InboxItem, encodeMessage({ patientId, id, sealed }));
    await network.settle();
    return id;
  }
  const waitingAt = (name: string): number =>
    network.node(name).open.components.inbox.count(patient.network.patientId);

  it('tells her of a change of her account in time, each event once, and drops what she has read', async () => {
    const { wallet, network: own } = patient;
    await guardedBy(network, patient);
    const thief = structuredClone(patient);
    const taken = newSigner();
    const message = rotationOf(thief.wallet, taken.account, random);
    await rotate(thief.wallet, taken.key, message, new Map([[own.networkId, wayOf(network)]]));
    await network.settle();
    const items = await inboxOf(patient);
    expect(matters(items)).to.deep.equal(['guardians', 'change-pending']);
    expect(items.map(({ at, sources }) => [at.length, sources.length])).to.deep.equal([
      [2, 2],
      [2, 2],
    ]);
    expect(items[1]?.notice).to.have.property('text').that.includes(taken.account);

    await veto(wallet, own, wayOf(network), await guardIn(network, patient));
    await network.settle();
    expect(matters(await inboxOf(patient, HERS, items))).to.deep.equal(['change-dropped']);
    expect(matters(await inboxOf(patient, HERS, await inboxOf(patient)))).to.deep.equal([]);
  });

  it('tells the old key when somebody sets another one, and nothing to a key that the chain does not show', async () => {
    const other = await enrolledPatient(network, ['North']);
    const guard = await guardIn(network, other);
    const { wallet, network: own } = other;
    await setInboxKey(wallet, own, wayOf(network), guard, toHex(random(32)));
    await network.settle();
    expect(matters(await inboxOf(other, ['North']))).to.deep.equal(['inbox-key']);
    await guardedBy(network, other);
    expect(matters(await inboxOf(other, ['North']))).to.deep.equal(['inbox-key']);
  });

  it('shows an item that does not open as such: sealed to another key, or named by another node', async () => {
    const { wallet, network: own } = patient;
    const { networkId, patientId } = own;
    const { key } = await inboxKeyOf(wallet, own);
    const notice: Notice = { kind: 'account', at: 1, matter: 'test', text: 'hello' };
    const address = { networkId, patientId, from: toHex(random(32)), id: toHex(random(32)) };
    await send('South', 'North', patientId, await sealNotice(key, address, notice));
    const [item] = await inboxOf(patient);
    expect(item?.notice).to.equal(undefined);
    expect(item?.sources[0]?.from).to.equal(network.node('South').self.nodeId);
    expect(await inboxOf(patient, HERS, item === undefined ? [] : [item])).to.deep.equal([]);
  });

  it('hostile: is shown whatever time an item tells', async () => {
    const { wallet, network: own } = patient;
    const { networkId, patientId } = own;
    const { key } = await inboxKeyOf(wallet, own);
    const from = network.node('East').self.nodeId;
    const { inbox } = network.node('North').open.components;
    for (const at of [5, Number.MAX_SAFE_INTEGER]) {
      const address = { networkId, patientId, from, id: toHex(random(32)) };
      const text = 'A thief is moving your account';
      const notice: Notice = { kind: 'account', at, matter: 'change-pending', text };
      inbox.add({ ...address, arrived: 1, sealed: await sealNotice(key, address, notice) });
    }
    const ways = await waysInto(network, random);
    const { lines, items, ok } = await showInbox(wallet, network.manifest, ways);
    expect(ok).to.equal(true);
    const shown = lines.join('\n');
    expect(shown).to.contain('1970-01-01 00:00:05 UTC  her account, change-pending: A thief');
    expect(shown).to.contain('an impossible time (second 9007199254740991)  her account');
    expect(await dropByCommand(wallet, network.manifest, ways, items)).to.deep.equal([
      'Dropped: they are not shown again.',
    ]);
  });

  it('takes items from hospitals for its own patients only, of limited size and number', async () => {
    const { patientId } = patient.network;
    await send('Keeper', 'North', patientId, '0x00');
    await send('East', 'North', toHex(random(32)), '0x00');
    await send('East', 'North', patientId, toHex(random(LARGEST_ITEM + 1)));
    expect(waitingAt('North')).to.equal(0);
    const { inbox } = network.node('North').open.components;
    const { nodeId } = network.node('East').self;
    for (let n = 0; n < 200; n++)
      inbox.add({ patientId, from: nodeId, id: toHex(random(32)), arrived: n, sealed: '0x00' });
    await send('East', 'North', patientId, '0x00');
    expect(waitingAt('North')).to.equal(200);
    await send('South', 'North', patientId, '0x00');
    const items = await inboxOf(patient);
    expect(items).to.have.length(201);
    expect(await inboxOf(patient, HERS, items)).to.deep.equal([]);
  });

  it('opens to her own signature only, for one node, once', async () => {
    const other = await enrolledPatient(network, ['North']);
    const ways = await waysInto(network, random);
    const [north, south] = HERS.map((name) => knownNode(network, name));
    if (north === undefined || south === undefined) throw new Error('both are admitted');
    const question = (token: ReturnType<typeof inboxToken>, node = north) =>
      codeOf(() => {
        const body = encodeMessage({ token, acknowledged: [], skip: 0 });
        const { networkId } = network.manifest;
        return ask(network.transport, networkId, node, MessageType.PatientInbox, body);
      });
    const { wallet, network: own } = patient;
    const token = inboxToken(wallet, own, north.nodeId, ways);
    expect(await question(token, south)).to.equal('Unauthorized');
    expect(await question(token)).to.equal('none');
    expect(await question(token)).to.equal('Unauthorized');
    const foreign = inboxToken(other.wallet, other.network, north.nodeId, ways);
    const hers = { ...foreign, patientId: own.patientId };
    expect(await question(hers)).to.equal('Unauthorized');
  });
});
