import { expect } from 'chai';
import {
  type DeliveryGround,
  type GatewayKnowledge,
  mayFetch,
  mayFetchInEmergency,
  type Wanted,
} from '../../../src/domain/mayFetch.ts';
import { ownRelation, relationsDigest } from '../../../src/domain/relations.ts';
import { type Hex, toHex, ZERO_32 } from '../../../src/hash/bytes.ts';
import { merkleTree } from '../../../src/hash/merkleTree.ts';
import { entryLeaf, rangeLeaf } from '../../../src/wire/leaves.ts';

const id = (n: number): Hex => toHex(new Uint8Array(32).fill(n));
const ASKER = id(1);
const OTHER = id(2);
const PATIENT = id(3);
const HANDLE = id(4);
const ANCHOR = id(5);
const [RECORD_CID, WRAP_CID, QUERY_CID] = ['bafkrecord', 'bafkwrap', 'bafkquery'];

const RELATIONS = [
  { salt: id(10), nodeId: ASKER, role: 1, handles: [HANDLE] },
  { salt: id(11), nodeId: OTHER, role: 1, handles: [HANDLE] },
];
const entry = { salt: id(20), request: 7, anchor: ANCHOR };
const entries = merkleTree([entryLeaf(entry), entryLeaf({ ...entry, anchor: id(6) })]);
const range = { salt: id(21), from: 6, to: 8, digest: toHex(entries.root) };
const deliveries = merkleTree([
  rangeLeaf({ ...range, nodeId: ASKER }),
  rangeLeaf({ ...range, salt: id(22), nodeId: OTHER, digest: ZERO_32 }),
]);

const GROUND: DeliveryGround = {
  kind: 'delivery',
  entry,
  entryPath: entries.proof(0).map(toHex),
  range,
  rangePath: deliveries.proof(0).map(toHex),
  relation: ownRelation(RELATIONS, ASKER),
};
const WANTED: Wanted = { cid: RECORD_CID, anchor: ANCHOR, ground: GROUND };

const KNOWN: GatewayKnowledge = {
  isAdmitted: (nodeId) => nodeId === ASKER || nodeId === OTHER,
  recordOf: (anchor) =>
    anchor === ANCHOR
      ? { patientId: PATIENT, handle: HANDLE, recordCid: RECORD_CID, wrapCid: WRAP_CID }
      : undefined,
  deliveriesRoot: (from, to) => (from === 6 && to === 8 ? toHex(deliveries.root) : undefined),
  relationsDigest: (patientId) => (patientId === PATIENT ? relationsDigest(RELATIONS) : undefined),
  queryCid: (request) => (request === 7 ? QUERY_CID : undefined),
};

const wanted = (change: Partial<DeliveryGround>): Wanted => ({
  ...WANTED,
  ground: { ...GROUND, ...change },
});

describe('mayFetch', () => {
  it('grants record and wrap to whom they were delivered under a standing relation', () => {
    expect(mayFetch(ASKER, WANTED, KNOWN)).to.equal(true);
    expect(mayFetch(ASKER, { ...WANTED, cid: WRAP_CID }, KNOWN)).to.equal(true);
  });

  const refusals: { title: string; asker?: Hex; wanted?: Wanted; known?: object }[] = [
    { title: 'a node that is not admitted', known: { isAdmitted: () => false } },
    { title: 'another node that shows the same proofs', asker: OTHER },
    { title: 'a CID of another content', wanted: { ...WANTED, cid: 'bafkother' } },
    { title: 'the presence query under a delivery', wanted: { ...WANTED, cid: QUERY_CID } },
    { title: 'another anchor than the entry', wanted: { ...WANTED, anchor: id(6) } },
    { title: 'a record that is not held', known: { recordOf: () => undefined } },
    {
      title: 'an entry of another record',
      wanted: wanted({ entry: { ...entry, anchor: id(6) }, entryPath: [] }),
    },
    { title: 'an entry under another salt', wanted: wanted({ entry: { ...entry, salt: id(9) } }) },
    { title: 'a request before the range', wanted: wanted({ entry: { ...entry, request: 5 } }) },
    { title: 'a request behind the range', wanted: wanted({ entry: { ...entry, request: 9 } }) },
    { title: 'no way from entry to digest', wanted: wanted({ entryPath: [] }) },
    { title: 'no way from list to root', wanted: wanted({ rangePath: [] }) },
    { title: 'a range that was not sealed', wanted: wanted({ range: { ...range, to: 9 } }) },
    { title: 'another digest', wanted: wanted({ range: { ...range, digest: id(9) } }) },
    {
      title: 'a digest that is the root itself',
      wanted: wanted({ range: { ...range, digest: toHex(deliveries.root) }, rangePath: [] }),
    },
    { title: 'a seal this node has not seen', known: { deliveriesRoot: () => undefined } },
    { title: 'a zero root', known: { deliveriesRoot: () => ZERO_32 } },
    { title: 'a patient without relations', known: { relationsDigest: () => undefined } },
    { title: 'relations that were ended', known: { relationsDigest: () => ZERO_32 } },
    {
      title: 'newer relations without this node',
      known: { relationsDigest: () => relationsDigest(RELATIONS.slice(1)) },
    },
    {
      title: 'the relation of another node',
      wanted: wanted({ relation: ownRelation(RELATIONS, OTHER) }),
    },
    {
      title: 'a relation without the handle of the record',
      known: {
        relationsDigest: () =>
          relationsDigest([{ salt: id(10), nodeId: ASKER, role: 1, handles: [id(9)] }]),
      },
      wanted: wanted({
        relation: ownRelation([{ salt: id(10), nodeId: ASKER, role: 1, handles: [id(9)] }], ASKER),
      }),
    },
    {
      title: 'a handle added to the relation',
      wanted: wanted({ relation: { ...GROUND.relation, handles: [HANDLE, id(9)] } }),
    },
    {
      title: 'another role in the relation',
      wanted: wanted({ relation: { ...GROUND.relation, role: 2 } }),
    },
  ];
  for (const refusal of refusals) {
    it(`refuses ${refusal.title}`, () => {
      const known = { ...KNOWN, ...refusal.known };
      expect(mayFetch(refusal.asker ?? ASKER, refusal.wanted ?? WANTED, known)).to.equal(false);
    });
  }

  describe('a presence query', () => {
    const query = (cid: string, request: number): Wanted => ({
      cid,
      anchor: ZERO_32,
      ground: { kind: 'presence-query', request },
    });

    it('is granted to every admitted node for an anchored request', () => {
      expect(mayFetch(OTHER, query(QUERY_CID, 7), KNOWN)).to.equal(true);
    });

    it('is refused for another request, another content and to strangers', () => {
      expect(mayFetch(OTHER, query(QUERY_CID, 8), KNOWN)).to.equal(false);
      expect(mayFetch(OTHER, query(RECORD_CID, 7), KNOWN)).to.equal(false);
      expect(mayFetch(id(9), query(QUERY_CID, 7), KNOWN)).to.equal(false);
    });
  });

  it('gives in an emergency record and wrap of what was shown, and nothing else', () => {
    const may = (cid: string, anchor = ANCHOR, granted = [ANCHOR]): boolean =>
      mayFetchInEmergency(new Set(granted), { cid, anchor }, KNOWN);
    expect([may(RECORD_CID), may(WRAP_CID)]).to.deep.equal([true, true]);
    expect([may(QUERY_CID), may('bafkother')]).to.deep.equal([false, false]);
    expect([may(RECORD_CID, ANCHOR, []), may(WRAP_CID, ANCHOR, [id(6)])]).to.deep.equal([
      false,
      false,
    ]);
    // Granted once, and no longer held.
    expect(may(RECORD_CID, id(6), [ANCHOR, id(6)])).to.equal(false);
  });
});
