import { join } from 'node:path';
import { expect } from 'chai';
import { ownRecords } from '../../src/client/reading/ownRecords.ts';
import { contentKeys, readRecords } from '../../src/client/reading/readRecords.ts';
import { nodeSecrets, scopeSeed, type Wallet } from '../../src/client/wallet/wallet.ts';
import { whoLooked } from '../../src/client/reading/whoLooked.ts';
import { toQuantity } from '../../src/chain/quantity.ts';
import { CarelatticeError } from '../../src/errors.ts';
import { fromHex, utf8 } from '../../src/hash/bytes.ts';
import type { HeldRecord } from '../../src/journal/holdingTables.ts';
import { waysInto } from '../../src/localnet/ways.ts';
import { contentOf } from '../../src/node/holding/openHeld.ts';
import { openForOperator } from '../../src/node/reading/openForOperator.ts';
import type { ReadPackage } from '../../src/wire/readPackage.ts';
import { readerNamed, revokeFrom } from '../support/consents.ts';
import { findings, type Haystack } from '../support/canarySearch.ts';
import {
  enrolledPatient,
  handIn,
  knownNode,
  newPatient,
  notes,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import { flipped, replaced } from '../support/hostileNetwork.ts';
import { filesOf } from '../support/nodeFiles.ts';
import {
  askToRead,
  grantedPackage,
  readQuestionOf,
  type Spoilt,
  untilReleased,
} from '../support/reading.ts';

const CANARY = 'Zqxcanary Wyvernhold-read-7f3a91 鸚鵡龘靐';

describe('hostile 1, 40: a canary in what is consented, read, opened and revoked', function () {
  this.timeout(60_000);
  let network: TestNetwork;
  let patient: TestPatient;
  let held: HeldRecord;
  const passages: Uint8Array[] = [];
  const logs: string[] = [];
  const errors: string[] = [];
  /** Nowhere at all. */
  const secrets = new Map<string, Uint8Array>();
  /** Not where others look: a holder's own journal has them. */
  const own = new Map<string, Uint8Array>();

  before(async () => {
    network = await startTestNetwork({
      readers: ['Insurer', 'Other'],
      hospitals: ['North', 'South'],
      consensus: ['Keeper'],
      bus: { onPassage: ({ bytes }) => passages.push(Uint8Array.from(bytes)) },
      log: (node) => (event, facts) => logs.push(JSON.stringify({ node, event, ...facts })),
    });
    // Clients' questions go past the bus.
    replaced(network.transport, 'ask', (honest) => async (node, sealed) => {
      const answer = await honest(node, sealed);
      passages.push(sealed, answer);
      return answer;
    });
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    await handIn(network, 'North', patient, [...notes(1), { category: 'result', text: CANARY }]);
    await network.settle();
    const south = network.node('South').open.components;
    const shown = await read();
    await openForOperator(south, { identifiers: patient.identifiers });
    const ways = await waysInto(network, random);
    const texts: string[] = [];
    for await (const { body } of ownRecords(
      patient.wallet,
      patient.network,
      knownNode(network, 'South'),
      ways,
    ))
      texts.push(Buffer.from(body).toString());
    expect(texts).to.include(CANARY);
    await network.settle();
    await revokeFrom(network, patient, shown);
    await fail(shown);
    await network.settle();
    await fillNeedles(shown);
  });
  after(() => network.close());

  /** A reader reads it: what is searched for did travel. */
  async function read(): Promise<ReadPackage> {
    const insurer = readerNamed(network, 'Insurer');
    const shown = await grantedPackage(network, patient, insurer, 'South');
    const ways = await waysInto(network, random);
    const { records } = await readRecords(insurer, shown, 'TREAT', ways);
    expect(records.map(({ body }) => Buffer.from(body).toString())).to.include(CANARY);
    return shown;
  }

  async function failing(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      for (let one: unknown = error; one instanceof Error; one = one.cause) {
        const facts = one instanceof CarelatticeError ? Object.values(one.facts).map(String) : [];
        errors.push([one.message, one.stack ?? '', ...facts].join('\n'));
      }
      return;
    }
    throw new Error('this had to fail');
  }

  /** Refusals and failing decryptions, each on its own way. */
  async function fail(revoked: ReadPackage): Promise<void> {
    const insurer = readerNamed(network, 'Insurer');
    const other = readerNamed(network, 'Other');
    const shown = await grantedPackage(network, patient, insurer, 'South');
    const ask = async (what: ReadPackage, spoilt?: Spoilt, reader = insurer) =>
      askToRead(network, 'South', await readQuestionOf(network, reader, what, spoilt));
    await failing(() => ask(revoked));
    await failing(() => ask(shown, {}, other));
    await failing(() => ask(shown, { purpose: 'HRESCH' }));
    await failing(() => ask(shown, { anchors: [flipped(insurer.nodeId)] }));
    await failing(() => ask({ ...shown, consent: { ...shown.consent, statement: `${CANARY}` } }));
    await failing(() =>
      ask({ ...shown, consent: { ...shown.consent, patient: `0x${'12'.repeat(20)}` } }),
    );
    const ways = await waysInto(network, random);
    // With another key than the one that the content keys were sealed to.
    const question = await readQuestionOf(network, insurer, shown);
    const { receipt, sealed, records } = await untilReleased(network, 'South', question);
    const wrongSeed = { ...insurer, kemSeed: random(32) };
    await failing(() => contentKeys(wrongSeed, receipt, fromHex(sealed), records));
    await failing(() => contentKeys(insurer, { ...receipt, n: 99 }, fromHex(sealed), records));
    // Blocks that are altered on the way.
    const gateway: typeof ways.gateway = (node) => async (url, init) => {
      const answer = await ways.gateway(node)(url, init);
      const pieces: Uint8Array[] = [];
      // In this process a body comes in pieces.
      const body = (answer.body ?? []) as AsyncIterable<Uint8Array>;
      for await (const piece of body) pieces.push(Uint8Array.from(piece));
      const bytes = Buffer.concat(pieces);
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      return {
        status: answer.status,
        body: (async function* () {
          yield new Uint8Array(bytes);
        })(),
      };
    };
    await failing(() => readRecords(insurer, shown, 'TREAT', { ...ways, gateway }));
    // A patient without the right keys; a stranger who asks in her name.
    const thief: Wallet = { ...patient.wallet, rootKey: `0x${'77'.repeat(32)}` };
    const south = knownNode(network, 'South');
    const all = async (wallet: Wallet): Promise<void> => {
      for await (const one of ownRecords(wallet, patient.network, south, ways)) void one;
    };
    await failing(() => all(thief));
    await failing(() => all(newPatient(network).wallet));
    await failing(() => whoLooked(newPatient(network).wallet, patient.network, south, ways));
    // A journal whose content was altered, and a store whose blocks are.
    const { components } = network.node('South').open;
    const [record] = components.holding.page(patient.network.patientId, 1);
    const kept = components.holding.content(record!.anchor)!;
    components.holding.putContent(
      record!.anchor,
      kept.map((byte, i) => (i === 40 ? byte ^ 1 : byte)),
    );
    await failing(() => ask(shown));
    components.holding.putContent(record!.anchor, kept);
    const back = replaced(
      components.store,
      'get',
      () => () =>
        (async function* () {
          yield random(1_024);
        })(),
    );
    await failing(() => openForOperator(components, { identifiers: patient.identifiers }));
    back();
    await failing(() =>
      openForOperator(components, { identifiers: [{ system: 'x', value: CANARY }] }),
    );
    expect(errors.length).to.be.greaterThan(13);
  }

  async function fillNeedles({ consent }: ReadPackage): Promise<void> {
    const { components } = network.node('South').open;
    const { patientId } = patient.network;
    [held] = components.holding.page(patientId, 1) as [HeldRecord];
    const content = await contentOf(components, held);
    if (content === undefined) throw new Error('South has the key');
    const { accessKey } = nodeSecrets(
      patient.wallet,
      patient.network,
      network.node('South').self.nodeId,
    );
    const { openings } = await whoLooked(
      patient.wallet,
      patient.network,
      knownNode(network, 'South'),
      await waysInto(network, random),
    );
    expect(openings.length).to.be.greaterThan(1);
    secrets.set('text of the record', utf8(CANARY));
    secrets.set('statement of the consent', utf8(consent.statement));
    secrets.set('content key', content.recordKey);
    secrets.set('access key', accessKey);
    secrets.set('scope seed', scopeSeed(patient.wallet, patient.network, 'result', 0));
    secrets.set('root key', fromHex(patient.wallet.rootKey));
    secrets.set('authority key', fromHex(patient.wallet.authorityKey));
    secrets.set('salt of the consent’s scope', fromHex(consent.own.salt));
    for (const { n, salt } of openings) secrets.set(`salt of receipt ${n}`, fromHex(salt));
    for (const name of ['Insurer', 'Other']) {
      secrets.set(`KEM seed of ${name}`, readerNamed(network, name).kemSeed);
      secrets.set(`signing key of ${name}`, readerNamed(network, name).signingKey);
    }
    own.set('salt of the record', fromHex(held.recordSalt));
    own.set('anchor', fromHex(held.anchor));
    own.set('handle', fromHex(held.handle));
    own.set('identifier', utf8(patient.identifiers[0]!.value));
  }

  /** All that the chain has: blocks, calls with their data, events. */
  async function chainData(): Promise<Haystack> {
    const { rpc } = network.chain;
    const last = Number(await rpc.send('eth_blockNumber', []));
    const parts: unknown[] = [
      await rpc.send('eth_getLogs', [{ fromBlock: '0x0', toBlock: toQuantity(last) }]),
    ];
    for (let block = 0; block <= last; block++)
      parts.push(await rpc.send('eth_getBlockByNumber', [toQuantity(block), true]));
    return { name: 'chain', bytes: utf8(JSON.stringify(parts)) };
  }

  const told = (): Haystack[] => [
    ...passages.map((bytes, i) => ({ name: `passage ${i}`, bytes })),
    { name: 'logs', bytes: utf8(logs.join('\n')) },
    ...errors.map((text, i) => ({ name: `error ${i}`, bytes: utf8(text) })),
  ];

  it('is in no byte that passed, in no log line, in no error and not on the chain', async () => {
    const hay = [...told(), await chainData()];
    expect(passages.length).to.be.greaterThan(50);
    expect(findings(hay, secrets)).to.deep.equal([]);
    const open = hay.filter(({ name }) => !name.startsWith('error'));
    expect(findings(open, own)).to.deep.equal([]);
  });

  it('is in no file of any node', async () => {
    const files = await filesOf(join(network.nodes[0]?.directory ?? '', '..'));
    expect(files.some(({ name }) => name.endsWith('journal.sqlite-wal'))).to.equal(true);
    expect(findings(files, secrets)).to.deep.equal([]);
  });

  it('hostile 40: no log line and no error names the patient', () => {
    const names = new Map([['patientId', fromHex(patient.network.patientId)], ...own]);
    names.delete('anchor');
    const spoken = told().filter(({ name }) => !name.startsWith('passage'));
    expect(findings(spoken, names)).to.deep.equal([]);
    // The chain names her by it, as the protocol says: the same search finds it there.
    expect(logs.length).to.be.greaterThan(10);
  });

  it('is found by the same search where the protocol has it', async () => {
    const chain = await chainData();
    const patientId = new Map([['patientId', fromHex(patient.network.patientId)]]);
    expect(findings([chain], patientId)).to.not.deep.equal([]);
    const files = await filesOf(network.node('South').directory);
    expect(findings(files, own)).to.not.deep.equal([]);
  });
});
