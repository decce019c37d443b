import { expect } from 'chai';
import { hasCode } from '../../src/errors.ts';
import { type Hex, toHex } from '../../src/hash/bytes.ts';
import { signDigest } from '../../src/crypto/signatures.ts';
import { ask } from '../../src/client/ask.ts';
import { signFor } from '../../src/client/patientMessages.ts';
import type { LocalNode } from '../../src/localnet/network.ts';
import { openHeld } from '../../src/node/holding/openHeld.ts';
import { MessageType } from '../../src/wire/envelope.ts';
import {
  decodeMessage,
  encodeMessage,
  patientReceipts,
  recordList,
  type RecordList,
  type RoundReport,
} from '../../src/wire/messages.ts';
import {
  alarmsOf,
  clientOf,
  type Note,
  enrollAt,
  enrolledPatient,
  handIn,
  knownNode,
  newPatient,
  notes,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import { codeOf } from '../support/codeOf.ts';
import { flipped, replaced } from '../support/hostileNetwork.ts';
import { withdraw } from '../../src/client/enrolment/withdraw.ts';
import { CATEGORIES } from '../../src/fhir/categories.ts';

/** The code with which a peer refused a request, or `none`. */
async function refusalOf(act: Promise<unknown>): Promise<string> {
  try {
    await act;
  } catch (error) {
    if (hasCode(error, 'RequestRefused')) return String(error.facts['code']);
    throw error;
  }
  return 'none';
}

describe('messages that are refused', () => {
  let network: TestNetwork;
  let patient: TestPatient;
  let north: LocalNode;
  let south: LocalNode;
  let east: LocalNode;
  let keeper: LocalNode;
  let anchor: Hex;

  before(async () => {
    network = await startTestNetwork();
    await network.settle();
    [north, south, east, keeper] = ['North', 'South', 'East', 'Keeper'].map((name) =>
      network.node(name),
    ) as [LocalNode, LocalNode, LocalNode, LocalNode]; // four names
    patient = await enrolledPatient(network, ['North', 'South']);
    const { records } = await handIn(network, 'North', patient);
    await network.settle();
    anchor = records[0]?.anchor ?? '0x';
  });
  after(() => network.close());

  const send = (from: LocalNode, to: LocalNode, type: number, body: object): Promise<string> =>
    refusalOf(from.open.courier.request(to.self.nodeId, type, encodeMessage(body)));

  describe('to the consensus node', () => {
    let stop: () => void = () => undefined;
    let list: RecordList;
    let request: number;

    before(async () => {
      // The author's own list is held back, so that a forged one could be the first.
      const lists: RecordList[] = [];
      const { courier } = north.open.components;
      stop = replaced(courier, 'send', (honest) => (recipient, type, body, options) => {
        if (type !== MessageType.RecordList) return honest(recipient, type, body, options);
        lists.push(decodeRecordList(body));
        return '0x';
      });
      await handIn(network, 'North', patient, notes(2));
      for (let i = 0; i < 4; i++) await network.step();
      const [held] = lists;
      if (held === undefined) throw new Error('the author sends its list');
      list = held;
      request = held.request;
    });

    const forgeries: { title: string; forged: () => RecordList; code: string; from?: string }[] = [
      {
        title: 'of another node',
        forged: () => list,
        from: 'East',
        code: 'RecordListRefused',
      },
      {
        title: 'of a request that is not on chain',
        forged: () => ({ ...list, request: request + 1 }),
        code: 'RequestUnknown',
      },
      {
        title: 'under another root',
        forged: () => ({ ...list, batchRoot: flipped(list.batchRoot) }),
        code: 'RecordListRefused',
      },
      {
        title: 'with a record left out',
        forged: () => ({ ...list, records: list.records.slice(1) }),
        code: 'RecordListRefused',
      },
      {
        title: 'with a record added',
        forged: () => ({ ...list, records: [...list.records, ...list.records.slice(0, 1)] }),
        code: 'RecordListRefused',
      },
      {
        title: 'with a tag that the query does not have',
        forged: () => ({
          ...list,
          records: list.records.map((record) => ({ ...record, tagIndex: 16 })),
        }),
        code: 'RecordListRefused',
      },
      {
        title: 'signed by somebody else',
        forged: () => ({
          ...list,
          signature: signDigest(east.self.signingKey, new Uint8Array(32)),
        }),
        code: 'RecordListRefused',
      },
      {
        title: 'signed under another key epoch',
        forged: () => ({ ...list, keyEpoch: 2 }),
        code: 'RecordListRefused',
      },
    ];
    for (const { title, forged, code, from = 'North' } of forgeries) {
      it(`a record list ${title}: ${code}`, async () => {
        const sender = network.node(from);
        expect(await send(sender, keeper, MessageType.RecordList, forged())).to.equal(code);
        expect(keeper.open.components.consensus.recordList(request)).to.equal(undefined);
      });
    }

    const reports: { title: string; report: () => RoundReport; code: string }[] = [
      {
        title: 'an answer to a request that is not on chain',
        report: () => ({
          answers: [{ request: request + 1, bitmap: '0x0000' }],
          settlements: [],
        }),
        code: 'RequestUnknown',
      },
      {
        title: 'an answer of another size than the query',
        report: () => ({ answers: [{ request, bitmap: '0x000000' }], settlements: [] }),
        code: 'AnswerRefused',
      },
    ];
    for (const { title, report, code } of reports) {
      it(`a report with ${title}: ${code}`, async () => {
        expect(await send(south, keeper, MessageType.RoundReport, report())).to.equal(code);
      });
    }

    it('a report or a journal of a node that has no such say: SenderNotEntitled', async () => {
      const empty = { answers: [], settlements: [] };
      const standby = network.node('Standby');
      expect(await send(standby, keeper, MessageType.RoundReport, empty)).to.equal(
        'SenderNotEntitled',
      );
      expect(await send(east, standby, MessageType.JournalDelta, {})).to.equal('SenderNotEntitled');
    });

    it('takes the honest list after all of them, and seals it', async () => {
      stop();
      expect(await send(north, keeper, MessageType.RecordList, list)).to.be.oneOf([
        'none',
        'NoAnswer',
      ]);
      await network.settle();
      const [first] = list.records;
      expect(south.open.components.holding.held(first?.anchor ?? '0x')?.state).to.equal('held');
    });
  });

  describe('to a hospital', () => {
    it('a delivery, proofs or holder count that no consensus node sent: SenderNotEntitled', async () => {
      for (const type of [
        MessageType.DeliveryList,
        MessageType.RoundProofs,
        MessageType.HolderCount,
      ])
        expect(await send(east, south, type, {})).to.equal('SenderNotEntitled');
    });

    it('a part out of its list: DeliveryMalformed', async () => {
      const part = { from: 90, to: 90, part: 3, parts: 1, bytes: '0x00' };
      expect(await send(keeper, south, MessageType.DeliveryList, part)).to.equal(
        'DeliveryMalformed',
      );
    });

    it('proofs of a range that was not sealed so, however long: ProofsRefused', async () => {
      const proofs = { from: 1, to: Number.MAX_SAFE_INTEGER, answers: [] };
      expect(await send(keeper, south, MessageType.RoundProofs, proofs)).to.equal('ProofsRefused');
    });
  });

  describe('of a patient', () => {
    const fetchOf = (change: object = {}, who: TestPatient = patient, gateway = south) => {
      const { network: own } = patient;
      const fields = {
        patientId: own.patientId,
        anchor: anchor,
        expiry: south.open.components.now() + 300,
        nonce: String(Math.floor(Math.random() * 2 ** 40)),
        ...change,
      };
      const signature = signFor(who.wallet, own, 'PatientFetch', {
        networkId: own.networkId,
        chainId: BigInt(own.chainId),
        ...fields,
        gateway: gateway.self.nodeId,
        expiry: BigInt(fields.expiry),
        nonce: BigInt(fields.nonce),
      });
      return { ...fields, signature };
    };
    const askSouth = (body: object): Promise<Uint8Array> =>
      ask(
        network.transport,
        network.manifest.networkId,
        knownNode(network, 'South'),
        MessageType.PatientFetch,
        encodeMessage(body),
      );

    it('hostile 32, 34: her receipts are given on her own signature, for this node and time, once', async () => {
      const good = fetchOf();
      const { receipts } = decodeMessage(patientReceipts, await askSouth(good));
      expect(receipts.length).to.be.greaterThan(0);
      const wrong = [
        good, // replayed
        { ...good, nonce: `0${good.nonce}` }, // replayed, written otherwise
        fetchOf({}, newPatient(network)),
        fetchOf({}, patient, north),
        fetchOf({ expiry: south.open.components.now() }),
        { ...fetchOf(), anchor: flipped(anchor) },
        { ...fetchOf(), expiry: south.open.components.now() + 9_999 },
        { ...fetchOf(), nonce: '12345' },
        { ...fetchOf(), signature: '0x' },
      ];
      for (const body of wrong) expect(await codeOf(() => askSouth(body))).to.equal('Unauthorized');
      const unknown = newPatient(network);
      const stranger = { ...fetchOf({ patientId: unknown.network.patientId }, unknown) };
      expect(await codeOf(() => askSouth(stranger))).to.equal('Unauthorized');
    });

    it('a nonce that is no number of the contract is refused, too', async () => {
      const body = { ...fetchOf(), nonce: '9'.repeat(78) };
      expect(await codeOf(() => askSouth(body))).to.be.oneOf(['Unauthorized', 'BadAbi']);
    });

    it('an enrolment replayed after she withdrew does not bring the old keys back', async () => {
      const own = newPatient(network);
      const questions: Uint8Array[] = [];
      const stop = replaced(network.transport, 'ask', (honest) => (node, sealed) => {
        if (node.nodeId === south.self.nodeId) questions.push(sealed);
        return honest(node, sealed);
      });
      await enrollAt(network, own, ['South']);
      stop();
      await network.settle();
      const before = south.open.components.holding.patient(own.network.patientId);
      for (const question of questions) await south.open.clientDoor(question);
      const after = south.open.components.holding.patient(own.network.patientId);
      expect(after?.state).to.equal('enrolled');
      expect(after?.seq).to.equal(before?.seq);
      await enrollAt(network, own, ['North']);
      await network.settle();
      const newer = south.open.components.holding.patient(own.network.patientId);
      for (const question of questions) await south.open.clientDoor(question);
      expect(south.open.components.holding.patient(own.network.patientId)).to.deep.equal(newer);
    });

    it('a relation list that does not open what she signed: RelationsRefused', async () => {
      const own = newPatient(network);
      const { consensus } = keeper.open.components;
      const stop = replaced(consensus, 'addMessage', () => () => {
        throw new Error('nothing forged reaches the journal');
      });
      const body = {
        patientId: own.network.patientId,
        kind: 2,
        words: [own.network.patientId, toHex(new Uint8Array(32)), flipped(anchor)],
        signature: '0x',
        relations: [],
      };
      const code = await codeOf(() =>
        ask(
          network.transport,
          network.manifest.networkId,
          knownNode(network, 'Keeper'),
          MessageType.PatientMessage,
          encodeMessage(body),
        ),
      );
      stop();
      expect(code).to.equal('RelationsRefused');
    });

    it('a message to the standby: NotActive', async () => {
      const body = { patientId: patient.network.patientId, kind: 1, words: [], signature: '0x' };
      const code = await codeOf(() =>
        ask(
          network.transport,
          network.manifest.networkId,
          knownNode(network, 'Standby'),
          MessageType.PatientMessage,
          encodeMessage(body),
        ),
      );
      expect(code).to.equal('NotActive');
    });
  });

  it('records of a node from which she withdrew are sealed nowhere', async () => {
    const own = await enrolledPatient(network, ['North', 'South']);
    const { components } = north.open;
    await withdraw(own.wallet, own.network, clientOf(network), knownNode(network, 'North'));
    await network.settle();
    const stops = [
      replaced(components.holding, 'patient', (honest) => (patientId) => {
        const known = honest(patientId);
        return known && { ...known, state: 'enrolled' };
      }),
      replaced(components.seen, 'scopeEpoch', () => () => undefined),
    ];
    const { records } = await handIn(network, 'North', own);
    for (let i = 0; i < 30; i++) await network.step();
    for (const stop of stops) stop();
    await network.settle();
    for (const { open } of network.hospitals)
      expect(open.components.holding.held(records[0]?.anchor ?? '0x')).to.equal(undefined);
  });

  describe('opening what is held', () => {
    it('without the key of its category: NoScopeKey; the record is held all the same', async () => {
      const own = newPatient(network);
      await enrollAt(network, own, ['North', 'South']);
      await network.settle();
      const { records } = await handIn(network, 'North', own, notes(1));
      await network.settle();
      const held = south.open.components.holding.held(records[0]?.anchor ?? '0x');
      if (held === undefined) throw new Error('South holds it');
      expect(
        await codeOf(() => openHeld(south.open.components, { ...held, handle: anchor })),
      ).to.equal('NoScopeKey');
      expect(
        await codeOf(() => openHeld(south.open.components, { ...held, scopeKeyId: anchor })),
      ).to.equal('ScopeKeyMismatch');
      expect(
        await codeOf(() => openHeld(south.open.components, { ...held, author: east.self.nodeId })),
      ).to.equal('OpeningFailed');
    });

    it('what an author may write but not hold is stored once, not again and again', async () => {
      const before = alarmsOf(network);
      const own = newPatient(network);
      const some = CATEGORIES.filter((category) => category !== 'result');
      await enrollAt(network, own, ['North'], some);
      await network.settle();
      await enrollAt(network, own, ['South']);
      await network.settle();
      const written: Note[] = notes(1, 'result');
      const { records } = await handIn(network, 'North', own, written);
      await network.settle();
      const state = south.open.components.holding.held(records[0]?.anchor ?? '0x')?.state;
      expect(state).to.equal('held');
      expect(alarmsOf(network)).to.deep.equal(before);
    });
  });
});

const decodeRecordList = (body: unknown): RecordList => {
  if (!(body instanceof Uint8Array)) throw new Error('a node sends bytes');
  return decodeMessage(recordList, body);
};
