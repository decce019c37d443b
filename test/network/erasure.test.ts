import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { expect } from 'chai';
import { ask } from '../../src/client/ask.ts';
import {
  eraseRecords,
  isErasureReceipt,
  openErasures,
  retryErasures,
} from '../../src/client/consent/eraseRecords.ts';
import { placeOf, signFor } from '../../src/client/patientMessages.ts';
import { withdraw } from '../../src/client/enrolment/withdraw.ts';
import { recordKeyOf } from '../../src/crypto/derivations.ts';
import { openAtRest } from '../../src/crypto/atRest.ts';
import { STEPS } from '../../src/domain/steps.ts';
import { fromHex, type Hex, toHex, uint, ZERO_32 } from '../../src/hash/bytes.ts';
import type { AuthoredRecord } from '../../src/journal/authorTables.ts';
import { MessageType } from '../../src/wire/envelope.ts';
import { eraseAnswer } from '../../src/wire/erasureMessages.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/messages.ts';
import { codeOf } from '../support/codeOf.ts';
import { findings } from '../support/canarySearch.ts';
import {
  alarmsOf,
  clientOf,
  enrolledPatient,
  handIn,
  knownNode,
  nodesOf,
  notes,
  random,
  settleAll,
  stateAt,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
  textAt,
} from '../support/edgeNetwork.ts';
import { replaced } from '../support/hostileNetwork.ts';
import { filesOf } from '../support/nodeFiles.ts';
import { stopAt, survives } from '../support/stopAt.ts';

describe('records that their patient has erased', function () {
  this.timeout(120_000);
  let network: TestNetwork;
  let patient: TestPatient;

  beforeEach(async () => {
    network = await startTestNetwork();
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
  });
  afterEach(() => network.close());

  const on = () => ({ transport: network.transport, nodes: nodesOf(network) });
  const erase = (...anchors: Hex[]) => eraseRecords(patient.wallet, patient.network, on(), anchors);
  const componentsOf = (name: string) => network.node(name).open.components;
  const idOf = (name: string): Hex => network.node(name).self.nodeId;

  /** What may not be left of a record: salt, keys as they are sealed, pieces of its ciphertext. */
  async function needlesOf(record: AuthoredRecord): Promise<Map<string, Uint8Array>> {
    const needles = new Map<string, Uint8Array>();
    needles.set('salt', fromHex(record.recordSalt, 32));
    const held = componentsOf('South').holding.content(record.anchor);
    if (held === undefined) throw new Error('South has the key');
    needles.set('content key as sealed', held.slice(0, 24));
    const blocks: Uint8Array[] = [];
    for await (const piece of componentsOf('North').store.get(record.recordCid, record.recordSize))
      blocks.push(piece.slice());
    const object = Buffer.concat(blocks);
    needles.set('ciphertext at its start', object.subarray(137, 169));
    needles.set('ciphertext at its end', object.subarray(-400, -368));
    return needles;
  }
  const found = async (name: string, needles: ReadonlyMap<string, Uint8Array>) => [
    ...new Set(
      findings(await filesOf(network.node(name).directory), needles).map((line) =>
        line.replace(/^[^:]*: (.*) \(.*\)$/, '$1'),
      ),
    ),
  ];
  const ALL = ['ciphertext at its end', 'ciphertext at its start', 'content key as sealed', 'salt'];

  it('leave no salt, key or ciphertext in any file of a holder, and others of their batch stay', async () => {
    const { records } = await handIn(network, 'North', patient, [
      ...notes(20),
      { category: 'result', text: 'long '.repeat(40_000) },
    ]);
    await settleAll(network);
    const [first, second, ...rest] = records;
    const long = rest.at(-1);
    if (first === undefined || second === undefined || long === undefined)
      throw new Error('there are records');
    const needles = await Promise.all([first, long, second].map(needlesOf));
    const [gone, goneLong, kept] = needles;
    if (gone === undefined || goneLong === undefined || kept === undefined)
      throw new Error('each record has its needles');
    // The record key itself lies nowhere in the clear, before or after: what it is made of is searched for.
    const keys = componentsOf('North').author.keysOf(first.anchor) ?? new Uint8Array();
    const secret = openAtRest(network.node('North').self.journalKey, 'batch-secret', keys);
    const recordKey = recordKeyOf(secret, first.recordId, first.recordSalt);
    gone.set('record key', recordKey);
    for (const one of [gone, goneLong, kept]) {
      expect((await found('South', one)).sort()).to.deep.equal(ALL);
      // An author opens with its own keys; the sealed content of both lies with each of them under another seal.
      expect((await found('North', one)).sort()).to.include.members(['salt']);
    }

    const [erasure] = await erase(first.anchor, long.anchor);
    expect(erasure?.waiting).to.deep.equal([]);
    expect(erasure?.receipts.map(({ nodeId }) => nodeId).sort()).to.deep.equal(
      [idOf('North'), idOf('South')].sort(),
    );
    for (const name of ['North', 'South']) {
      expect(await found(name, gone), name).to.deep.equal([]);
      expect(await found(name, goneLong), name).to.deep.equal([]);
      expect(stateAt(network, name, first.anchor)).to.equal('erased');
      expect(componentsOf(name).holding.held(first.anchor)?.recordSalt).to.equal(ZERO_32);
      expect(componentsOf(name).holding.countHeld()).to.equal(19);
    }
    expect(componentsOf('North').author.authored(first.anchor)?.recordSalt).to.equal(ZERO_32);
    expect(componentsOf('North').author.keysOf(first.anchor)).to.equal(undefined);
    expect((await found('South', kept)).sort()).to.deep.equal(ALL);
    expect(await textAt(network, 'South', second.anchor)).to.equal('result 2');
    for (const { directory } of network.hospitals) {
      expect((await filesOf(directory)).some(({ name }) => name.endsWith('-wal'))).to.equal(true);
    }
  });

  it('leave no salt at the consensus nodes: lists of settled requests are forgotten there', async () => {
    const { records } = await handIn(network, 'North', patient, notes(40));
    await settleAll(network);
    const needles = new Map(
      records.map(({ anchor, recordSalt }) => [anchor as string, fromHex(recordSalt, 32)]),
    );
    for (const name of ['Keeper', 'Standby']) {
      expect(await found(name, needles), name).to.deep.equal([]);
      expect(componentsOf(name).consensus.recordList(1)).to.equal(undefined);
      expect(componentsOf(name).consensus.listedOf(1)).to.have.length(40);
    }
    expect(await found('South', needles)).to.have.length(40);
  });

  it('are confirmed by a receipt that anyone can check', async () => {
    const { records } = await handIn(network, 'North', patient);
    await settleAll(network);
    const [erasure] = await erase(records[0]?.anchor ?? '0x');
    if (erasure === undefined) throw new Error('an erasure was asked for');
    for (const { nodeId, ...receipt } of erasure.receipts) {
      const node = nodesOf(network).get(nodeId);
      if (node === undefined) throw new Error('the holder is a node');
      const of = (about: typeof erasure, answer = receipt) =>
        isErasureReceipt(patient.network, node, about, answer);
      expect(of(erasure)).to.equal(true);
      expect(of({ ...erasure, anchors: [ZERO_32] })).to.equal(false);
      expect(of({ ...erasure, seq: 9 })).to.equal(false);
      expect(of(erasure, { ...receipt, erasedAt: receipt.erasedAt + 1 })).to.equal(false);
    }
  });

  it('stay a standing alarm while a holder is down, and are erased there when it is back', async () => {
    const { records } = await handIn(network, 'North', patient, notes(2));
    await settleAll(network);
    const needles = await Promise.all(records.map(needlesOf));
    await network.node('South').stop();
    const [erasure] = await erase(...records.map(({ anchor }) => anchor));
    expect(erasure?.receipts.map(({ nodeId }) => nodeId)).to.deep.equal([idOf('North')]);
    expect(erasure?.waiting.map(({ nodeId }) => nodeId)).to.deep.equal([idOf('South')]);
    expect(openErasures(patient.network)).to.have.length(1);
    expect(await retryErasures(patient.wallet, patient.network, on())).to.have.length(1);

    await network.node('South').start();
    expect(await retryErasures(patient.wallet, patient.network, on())).to.deep.equal([]);
    expect(erasure?.receipts).to.have.length(2);
    for (const one of needles) expect(await found('South', one)).to.deep.equal([]);
  });

  it('take no wrap that others share away from a holder that comes later', async () => {
    await network.node('South').stop();
    const kept = (await handIn(network, 'North', patient, notes(1))).records[0]!;
    const erased = (await handIn(network, 'North', patient, notes(1))).records[0]!;
    expect(erased.wrapCid).to.equal(kept.wrapCid);
    await settleAll(network);
    await erase(erased.anchor);
    await network.node('South').start();
    await settleAll(network);
    expect(stateAt(network, 'South', kept.anchor)).to.equal('held');
    expect(await textAt(network, 'South', kept.anchor)).to.equal('result 1');
    expect(stateAt(network, 'South', erased.anchor)).to.equal('due');
  });

  it('keep a forged receipt an alarm', async () => {
    const { records } = await handIn(network, 'North', patient);
    await settleAll(network);
    const south = componentsOf('South');
    const undo = replaced(
      south.erasures,
      'finish',
      (honest) => (digest, receipt) =>
        honest(digest, { ...receipt, erasedAt: receipt.erasedAt + 1 }),
    );
    const [erasure] = await erase(records[0]?.anchor ?? '0x');
    undo();
    expect(erasure?.waiting).to.deep.equal([
      { nodeId: idOf('South'), reason: 'ErasureReceiptForged' },
    ]);
  });

  it('count in the history as before: later records fold over them, and the audit is content', async () => {
    const { records } = await handIn(network, 'North', patient, notes(3));
    await settleAll(network);
    const handle = records[0]?.handle ?? '0x';
    const before = componentsOf('South').holding.history(patient.network.patientId, handle);
    await erase(records[1]?.anchor ?? '0x');
    expect(componentsOf('South').holding.history(patient.network.patientId, handle)).to.deep.equal(
      before,
    );
    for (const { open } of network.hospitals)
      open.components.seen.setAuditState({ due: 0, failures: 0 });
    const { records: later } = await handIn(network, 'South', patient, notes(2));
    await settleAll(network);
    for (const name of ['North', 'South']) {
      for (const { anchor } of later) expect(stateAt(network, name, anchor)).to.equal('held');
      expect(componentsOf(name).holding.history(patient.network.patientId, handle)?.count).to.equal(
        5,
      );
    }
    expect(alarmsOf(network)).to.deep.equal([]);
  });

  it('hostile 2: are given out like records that never were', async () => {
    const { records } = await handIn(network, 'North', patient);
    await settleAll(network);
    const [record] = records;
    const held = record && componentsOf('South').holding.held(record.anchor);
    if (record === undefined || held === undefined) throw new Error('South holds it');
    const wanted = { owner: record.anchor, cid: record.recordCid, size: record.recordSize };
    const fetched = async (content: typeof wanted) => {
      const gateway = componentsOf('South').gateway(idOf('North'), () =>
        JSON.stringify(held.ground),
      );
      const [outcome] = await gateway.fetchMany([content]);
      return outcome?.kind === 'failed' ? outcome.error.code : outcome?.kind;
    };
    expect(await fetched(wanted)).to.equal('fetched');
    await erase(record.anchor);
    expect(await fetched(wanted)).to.equal(
      await fetched({ ...wanted, owner: toHex(uint(7, 32)), cid: held.wrapCid }),
    );
    expect(await codeOf(() => textAt(network, 'South', record.anchor))).to.equal('RecordErased');
    expect(
      await codeOf(() =>
        componentsOf('South').store.pull(record.anchor, record.recordCid, record.recordSize, []),
      ),
    ).to.equal('ContentErased');
  });

  it('are not brought back by a delivery that comes after the erasure', async () => {
    await network.node('South').stop();
    const { records } = await handIn(network, 'North', patient, notes(3));
    const [record, other] = records;
    if (record === undefined || other === undefined) throw new Error('there are records');
    const salt = new Map([['salt', fromHex(record.recordSalt, 32)]]);
    await network.settle();
    await network.node('South').start();
    const [erasure] = await erase(record.anchor);
    expect(erasure?.waiting).to.deep.equal([]);
    expect(stateAt(network, 'South', record.anchor)).to.equal('unknown');
    await settleAll(network);
    expect(stateAt(network, 'South', record.anchor)).to.equal('erased');
    expect(componentsOf('South').holding.held(record.anchor)?.recordSalt).to.equal(ZERO_32);
    expect(await found('South', salt)).to.deep.equal([]);
    expect(stateAt(network, 'South', other.anchor)).to.equal('held');
    expect(await textAt(network, 'South', other.anchor)).to.equal('result 2');
    expect(alarmsOf(network)).to.deep.equal([]);
  });

  it('are not brought back by a fetch that was under way', async () => {
    const { records } = await handIn(network, 'North', patient);
    await settleAll(network);
    const { holding } = componentsOf('South');
    const stale = holding.held(records[0]?.anchor ?? '0x');
    if (stale === undefined) throw new Error('South holds it');
    await erase(stale.anchor);
    holding.updateHeld({ ...stale, state: 'held' });
    holding.putContent(stale.anchor, random(40));
    holding.addHeld(stale);
    expect(holding.held(stale.anchor)?.state).to.equal('erased');
    expect(holding.held(stale.anchor)?.recordSalt).to.equal(ZERO_32);
    expect(holding.content(stale.anchor)).to.equal(undefined);
  });

  it('go to no consensus node any more when their list still waited for one', async () => {
    for (const { name } of network.consensus) await network.node(name).stop();
    const { records } = await handIn(network, 'North', patient, notes(3));
    for (let i = 0; i < 12; i++) await network.step();
    const [record, other] = records;
    if (record === undefined || other === undefined) throw new Error('there are records');
    const salt = new Map([['salt', fromHex(record.recordSalt, 32)]]);
    expect(componentsOf('North').db.all('SELECT id FROM outbox WHERE type = 20')).to.have.length(1);
    expect(await found('North', salt)).to.deep.equal(['salt']);
    await erase(record.anchor);
    expect(await found('North', salt)).to.deep.equal([]);
    for (const { name } of network.consensus) await network.node(name).start();
    await settleAll(network);
    expect(stateAt(network, 'South', other.anchor)).to.equal('held');
    expect(stateAt(network, 'South', record.anchor)).to.not.equal('held');
    for (const { name } of network.nodes) expect(await found(name, salt), name).to.deep.equal([]);
  });

  it('are erased also at a node that she has left', async () => {
    const { records } = await handIn(network, 'North', patient);
    await settleAll(network);
    const anchor = records[0]?.anchor ?? '0x';
    await withdraw(patient.wallet, patient.network, clientOf(network), knownNode(network, 'South'));
    await settleAll(network);
    expect(stateAt(network, 'South', anchor)).to.equal('held');
    const [erasure] = await erase(anchor);
    expect(erasure?.receipts).to.have.length(2);
    expect(stateAt(network, 'South', anchor)).to.equal('erased');
  });

  it('hostile 32: are not erased by another patient, who is answered as for records that never were', async () => {
    const other = await enrolledPatient(network, ['North', 'South']);
    const { records } = await handIn(network, 'North', patient);
    await settleAll(network);
    const anchor = records[0]?.anchor ?? '0x';
    const [foreign] = await eraseRecords(other.wallet, other.network, on(), [anchor]);
    const [absent] = await eraseRecords(other.wallet, other.network, on(), [toHex(random(32))]);
    expect(foreign?.waiting).to.deep.equal(absent?.waiting);
    expect(foreign?.receipts.map(({ nodeId }) => nodeId)).to.deep.equal(
      absent?.receipts.map(({ nodeId }) => nodeId),
    );
    for (const name of ['North', 'South'])
      expect(await textAt(network, name, anchor)).to.equal('result 1');
    expect(componentsOf('South').holding.countHeld()).to.equal(1);
  });

  const asked = (body: object): Promise<string> =>
    codeOf(async () => {
      const answer = await ask(
        network.transport,
        patient.network.networkId,
        knownNode(network, 'North'),
        MessageType.EraseRecords,
        encodeMessage(body),
      );
      decodeMessage(eraseAnswer, answer);
    });
  const signedBy = (signer: TestPatient, anchors: Hex[], over: object = {}) => {
    const { patientId } = patient.network;
    const message = { ...placeOf(patient.network), patientId, seq: 1n, anchors, ...over };
    const signature = signFor(signer.wallet, patient.network, 'EraseRecords', message);
    return { patientId, seq: 1, anchors, signature };
  };

  it('hostile 24: are erased for nobody but her', async () => {
    const other = await enrolledPatient(network, ['North']);
    const { records } = await handIn(network, 'North', patient);
    await settleAll(network);
    const anchor = records[0]?.anchor ?? '0x';
    const good = signedBy(patient, [anchor]);
    expect(await asked(signedBy(other, [anchor]))).to.equal('Unauthorized');
    expect(await asked({ ...good, seq: 2 })).to.equal('Unauthorized');
    expect(await asked({ ...good, anchors: [anchor, ZERO_32] })).to.equal('Unauthorized');
    expect(await asked({ ...good, patientId: ZERO_32 })).to.equal('Unauthorized');
    expect(await asked({ ...good, signature: '0x' })).to.equal('Unauthorized');
    const foreign = await enrolledPatient(network, ['East']);
    const { patientId } = foreign.network;
    const stranger = { ...signedBy(foreign, [anchor], { patientId }), patientId };
    expect(await asked(stranger), 'never a patient here').to.equal('Unauthorized');
    const elsewhere = signedBy(patient, [anchor], { networkId: ZERO_32 });
    expect(await asked(elsewhere)).to.equal('Unauthorized');
    expect(await asked({ ...good, anchors: [] })).to.equal('MalformedBody');
    expect(await asked({ ...good, anchors: [anchor, anchor] })).to.equal('MalformedBody');
    expect(await textAt(network, 'North', anchor)).to.equal('result 1');
    expect(await asked(good)).to.equal('none');
    // Asked again, the answer is the same: what is erased stays so.
    expect(await asked(good)).to.equal('none');
    expect(stateAt(network, 'North', anchor)).to.equal('erased');
  });

  it('hostile 18: are not erased under a key that the guardians have frozen', async () => {
    const { records } = await handIn(network, 'North', patient);
    await settleAll(network);
    const anchor = records[0]?.anchor ?? '0x';
    const { contracts, now } = componentsOf('North');
    // The contract's own freeze is tried in test/contracts; here it is the holder's part.
    const frozen: object = { minEpoch: 0n, frozenUntil: BigInt(now() + 60) };
    const thaw = replaced(
      contracts.consents,
      'call',
      (honest) =>
        ((name: string, ...rest: unknown[]): unknown =>
          name === 'accountOf'
            ? Promise.resolve(frozen)
            : Reflect.apply(honest, contracts.consents, [name, ...rest])) as typeof honest, // the one answer that is replaced has its form
    );
    expect(await asked(signedBy(patient, [anchor]))).to.equal('AuthorityFrozen');
    expect(await textAt(network, 'North', anchor)).to.equal('result 1');
    thaw();
    expect(await asked(signedBy(patient, [anchor]))).to.equal('none');
  });

  it('are confirmed only when no reader of the journal keeps old pages alive', async () => {
    const { records } = await handIn(network, 'North', patient);
    await settleAll(network);
    const [record] = records;
    if (record === undefined) throw new Error('there is a record');
    const needles = await needlesOf(record);
    const reader = new DatabaseSync(join(network.node('North').directory, 'journal.sqlite'), {
      readOnly: true,
    });
    reader.exec('BEGIN');
    reader.prepare('SELECT COUNT(*) FROM held').get();
    const [erasure] = await erase(record.anchor);
    expect(erasure?.waiting).to.deep.equal([{ nodeId: idOf('North'), reason: 'JournalBusy' }]);
    reader.exec('COMMIT');
    reader.close();
    // The node goes on by itself; she only asks for the receipt.
    await network.settle();
    expect(await found('North', needles)).to.deep.equal([]);
    expect(await retryErasures(patient.wallet, patient.network, on())).to.deep.equal([]);
  });

  for (const step of STEPS.filter((one) => one.startsWith('erasing:'))) {
    it(`hostile 37: are erased after a stop at "${step}"`, async () => {
      const { records } = await handIn(network, 'North', patient, notes(2));
      await settleAll(network);
      const [record] = records;
      if (record === undefined) throw new Error('there is a record');
      const needles = await needlesOf(record);
      const stop = stopAt(step);
      await network.node('North').stop();
      await network.node('North').start({ reached: stop.reached });
      expect(await survives(async () => void (await erase(record.anchor)))).to.equal(true);
      expect(stop.wasReached).to.equal(true);
      expect(openErasures(patient.network)).to.have.length(1);
      await network.node('North').stop();
      await network.node('North').start();
      await network.settle();
      expect(await found('North', needles)).to.deep.equal([]);
      expect(await retryErasures(patient.wallet, patient.network, on())).to.deep.equal([]);
      expect(componentsOf('North').holding.countHeld()).to.equal(1);
    });
  }
});
