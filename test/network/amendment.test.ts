import { expect } from 'chai';
import { eraseRecords } from '../../src/client/consent/eraseRecords.ts';
import { isHandleUnder, isLeafUnder } from '../../src/domain/sharingTable.ts';
import { type HistoryItem, judgeHistory } from '../../src/domain/versions.ts';
import type { Hex } from '../../src/hash/bytes.ts';
import { contentOf } from '../../src/node/holding/openHeld.ts';
import { enterInError } from '../../src/node/recording/enterInError.ts';
import { MessageType } from '../../src/wire/envelope.ts';
import { auditProofs, decodeMessage, encodeMessage } from '../../src/wire/messages.ts';
import { codeOf } from '../support/codeOf.ts';
import {
  activeNode,
  alarmsOf,
  enrolledPatient,
  handIn,
  nodesOf,
  notes,
  settleAll,
  startTestNetwork,
  stateAt,
  type TestNetwork,
  type TestPatient,
  textAt,
} from '../support/edgeNetwork.ts';

describe('a record that its author corrects', function () {
  this.timeout(120_000);
  let network: TestNetwork;
  let patient: TestPatient;

  beforeEach(async () => {
    network = await startTestNetwork();
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
  });
  afterEach(() => network.close());

  const componentsOf = (name: string) => network.node(name).open.components;
  const amend = (
    text: string,
    amends: Hex[],
    { at = 'North', key = `amend ${text}`, category = 'result' as const } = {},
  ) => handIn(network, at, patient, [{ category, text }], key, { amends });
  /** What South holds of her in this category, oldest first, opened as far as it has keys. */
  async function itemsAt(name: string, handle: Hex): Promise<HistoryItem[]> {
    const c = componentsOf(name);
    const records = c.holding.timeline(patient.network.patientId, 100).reverse();
    const items: HistoryItem[] = [];
    for (const record of records.filter((one) => one.handle === handle)) {
      const content = record.state === 'held' ? await contentOf(c, record) : undefined;
      const { anchor, recordId } = record;
      items.push({
        anchor,
        recordId,
        ...(content === undefined ? {} : { inner: content.message }),
      });
    }
    return items;
  }
  /** Count and head of a handle as the chain's root proves them. */
  async function provenState(handle: Hex) {
    const c = componentsOf('South');
    const { patientId } = patient.network;
    const answer = decodeMessage(
      auditProofs,
      await c.courier.request(
        activeNode(network).self.nodeId,
        MessageType.AuditRequest,
        encodeMessage({ patientIds: [patientId] }),
      ),
    );
    const [proof] = answer.proofs;
    const state = proof?.handles.find((one) => one.handle === handle);
    if (proof?.leaf === undefined || state === undefined) throw new Error('she has a history');
    expect(c.seen.isLocatorRoot(answer.locatorRoot)).to.equal(true);
    expect(isLeafUnder(patientId, proof.leaf, proof.proof, answer.locatorRoot)).to.equal(true);
    expect(isHandleUnder(state, proof.leaf.handlesRoot)).to.equal(true);
    return state;
  }

  it('has a new version at every holder, linked to the old one, which stays', async () => {
    const { records } = await handIn(network, 'North', patient, notes(2));
    await settleAll(network);
    const [old, other] = records;
    if (old === undefined || other === undefined) throw new Error('there are records');
    const { records: again } = await amend('corrected', [old.recordId]);
    await settleAll(network);
    const [next] = again;
    if (next === undefined) throw new Error('there is a new version');
    expect(next).to.include({ previousVersion: old.recordId, status: 'current' });
    expect(await textAt(network, 'South', next.anchor)).to.equal('corrected');
    expect(await textAt(network, 'South', old.anchor)).to.equal('result 1');
    const judged = judgeHistory(await itemsAt('South', old.handle), await provenState(old.handle));
    expect(judged.faults).to.deep.equal([]);
    expect(judged.standing.map(({ versions }) => versions)).to.deep.equal([
      [other.recordId],
      [next.recordId, old.recordId],
    ]);
    expect(alarmsOf(network)).to.deep.equal([]);
  });

  it('hostile 4: a holder that offers the old version as the newest is caught', async () => {
    const { records } = await handIn(network, 'North', patient);
    await settleAll(network);
    const [old] = records;
    if (old === undefined) throw new Error('there is a record');
    await amend('corrected', [old.recordId]);
    await settleAll(network);
    const proven = await provenState(old.handle);
    const honest = await itemsAt('South', old.handle);
    const lying = honest.filter(({ recordId }) => recordId === old.recordId);
    expect(judgeHistory(lying, proven).faults).to.deep.equal([
      { kind: 'HistoryShort', offered: 1, proven: 2 },
    ]);
    // With the right count, by giving it twice, the head is another one.
    expect(judgeHistory([...lying, ...lying], proven).faults).to.deep.equal([
      { kind: 'HistoryRewritten' },
    ]);
    expect(judgeHistory(honest, proven).standing.map(({ recordId }) => recordId)).to.not.include(
      old.recordId,
    );
  });

  it('is marked as entered in error without its content', async () => {
    const { records } = await handIn(network, 'North', patient, notes(2));
    await settleAll(network);
    const [old] = records;
    if (old === undefined) throw new Error('there is a record');
    const marked = await enterInError(componentsOf('North'), [old.recordId], 'wrong patient');
    expect(
      await enterInError(componentsOf('North'), [old.recordId], 'wrong patient'),
    ).to.deep.equal(marked);
    await settleAll(network);
    const [mark] = marked.records;
    expect(await textAt(network, 'South', mark?.anchor ?? '0x')).to.equal(
      '{"resourceType":"Bundle","type":"collection"}',
    );
    const { standing, faults } = judgeHistory(
      await itemsAt('South', old.handle),
      await provenState(old.handle),
    );
    expect(faults).to.deep.equal([]);
    expect(standing.at(-1)).to.deep.include({
      recordId: mark?.recordId,
      status: 'entered-in-error',
      versions: [mark?.recordId, old.recordId],
    });
  });

  it('of a wrongly linked patient is marked by its author and erased at all holders by her', async () => {
    const { records } = await handIn(network, 'North', patient);
    await settleAll(network);
    const [wrong] = records;
    if (wrong === undefined) throw new Error('there is a record');
    await enterInError(componentsOf('North'), [wrong.recordId], 'not hers');
    await settleAll(network);
    const on = { transport: network.transport, nodes: nodesOf(network) };
    const [erasure] = await eraseRecords(patient.wallet, patient.network, on, [wrong.anchor]);
    expect(erasure?.waiting).to.deep.equal([]);
    for (const name of ['North', 'South'])
      expect(stateAt(network, name, wrong.anchor)).to.equal('erased');
    // The mark stays, and her history with it.
    const { standing, faults } = judgeHistory(
      await itemsAt('South', wrong.handle),
      await provenState(wrong.handle),
    );
    expect(faults).to.deep.equal([]);
    expect(standing.map(({ status }) => status)).to.deep.equal(['entered-in-error']);
  });

  it('is corrected by its author alone, from its newest version, within its category', async () => {
    const { records } = await handIn(network, 'North', patient, notes(2));
    await settleAll(network);
    const [old, other] = records.map(({ recordId }) => recordId);
    if (old === undefined || other === undefined) throw new Error('there are records');
    expect(await codeOf(() => amend('elsewhere', [old], { at: 'South' }))).to.equal('NotOwnRecord');
    const stranger = await enrolledPatient(network, ['North']);
    expect(
      await codeOf(() => handIn(network, 'North', stranger, notes(1), 'hers', { amends: [old] })),
    ).to.equal('NotOwnRecord');
    expect(await codeOf(() => enterInError(componentsOf('South'), [old], 'no'))).to.equal(
      'NotOwnRecord',
    );
    expect(await codeOf(() => enterInError(componentsOf('North'), [], 'no'))).to.equal(
      'NothingToAmend',
    );
    expect(await codeOf(() => amend('both', [old, other]))).to.equal('AmendmentMisfit');
    const problem = { category: 'problem', text: 'another category' } as const;
    expect(
      await codeOf(() => handIn(network, 'North', patient, [problem], 'cat', { amends: [old] })),
    ).to.equal('AmendmentMisfit');
    const first = await amend('once', [old]);
    expect(await codeOf(() => amend('twice', [old]))).to.equal('AlreadyAmended');
    expect((await amend('once', [old])).submission).to.deep.equal(first.submission);
    expect(await codeOf(() => amend('once', [other]))).to.equal('SubmissionConflict');
    const newest = first.records[0]?.recordId ?? '0x';
    expect((await amend('thrice', [newest])).records[0]?.previousVersion).to.equal(newest);
  });

  it('has one new version, when two are handed in at the same time', async () => {
    const { records } = await handIn(network, 'North', patient);
    const old = records[0]?.recordId ?? '0x';
    const outcomes = await Promise.all(
      ['left', 'right'].map((text) => codeOf(() => amend(text, [old]))),
    );
    expect(outcomes.sort()).to.deep.equal(['AlreadyAmended', 'none']);
    await settleAll(network);
    expect(componentsOf('South').holding.countHeld()).to.equal(2);
  });

  it('is not corrected once its patient has erased it', async () => {
    const { records } = await handIn(network, 'North', patient);
    await settleAll(network);
    const [old] = records;
    if (old === undefined) throw new Error('there is a record');
    const on = { transport: network.transport, nodes: nodesOf(network) };
    await eraseRecords(patient.wallet, patient.network, on, [old.anchor]);
    expect(await codeOf(() => amend('too late', [old.recordId]))).to.equal('RecordErased');
    expect(
      await codeOf(() => enterInError(componentsOf('North'), [old.recordId], 'late')),
    ).to.equal('RecordErased');
  });
});
