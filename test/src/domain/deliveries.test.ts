import { expect } from 'chai';
import fc from 'fast-check';
import {
  deliveryLeafOf,
  deliveryLists,
  provenAnswers,
  sealRoots,
  type SealedList,
} from '../../../src/domain/deliveries.ts';
import { holdsRelation, relationsDigest } from '../../../src/domain/relations.ts';
import {
  EMPTY_TABLE,
  isHandleUnder,
  isLeafUnder,
  withEntries,
  withRecords,
  withRelations,
} from '../../../src/domain/sharingTable.ts';
import { fromHex, type Hex, toHex, uint } from '../../../src/hash/bytes.ts';
import { keccak256 } from '../../../src/hash/keccak.ts';
import { isInTree, merkleRoot } from '../../../src/hash/merkleTree.ts';
import { answerLeaf } from '../../../src/wire/leaves.ts';

const id = (kind: number, n: number): Hex => toHex(keccak256(uint(kind * 1000 + n, 4)));
const NODES = [0, 1, 2, 3].map((n) => id(1, n));
const hashes = (path: readonly Hex[]): Uint8Array[] => path.map((hash) => fromHex(hash, 32));

/** Per patient the nodes that may hold; per list an author and its patients, one record each. */
const plans = fc.record({
  holders: fc.array(fc.subarray([0, 1, 2, 3], { minLength: 1 }), { minLength: 3, maxLength: 3 }),
  lists: fc.array(
    fc.record({ author: fc.nat(3), patients: fc.array(fc.nat(2), { minLength: 1, maxLength: 5 }) }),
    { minLength: 1, maxLength: 4 },
  ),
});

describe('the deliveries of a seal', () => {
  it('give every holder its records and nobody else any, all of it proven', () => {
    fc.assert(
      fc.property(plans, ({ holders, lists: wanted }) => {
        let turn = 0;
        const random = (size: number): Uint8Array => keccak256(uint((turn += 1), 8)).slice(0, size);
        const handle = id(2, 0);
        const relations = holders.map((nodes) =>
          nodes.map((n) => ({ salt: id(3, n), nodeId: id(1, n), role: 1, handles: [handle] })),
        );
        const before = withEntries(
          EMPTY_TABLE,
          relations.map((list, n) =>
            withRelations(
              EMPTY_TABLE,
              id(4, n),
              list,
              { seq: 1, digest: relationsDigest(list) },
              random,
            ),
          ),
        );
        let serial = 0;
        const lists = wanted.map(({ author, patients }, index): SealedList => {
          const records = patients.map((patient, tagIndex) => {
            serial += 1;
            return {
              recordId: id(5, serial).slice(0, 34) as Hex, // 16 bytes of it
              patientId: id(4, patient),
              scopeKeyId: id(6, 0),
              handle,
              anchor: id(7, serial),
              recordSalt: id(8, serial),
              recordCid: 'r',
              recordSize: 1,
              wrapCid: 'w',
              wrapSize: 1,
              tagIndex,
            };
          });
          const batchRoot = toHex(merkleRoot(records.map(({ anchor }) => fromHex(anchor))));
          const request = index + 1;
          const signature = '0x00' as const;
          return { request, author: id(1, author), keyEpoch: 1, batchRoot, signature, records };
        });
        const records = lists.flatMap((list) => list.records);
        const after = withEntries(before, withRecords(before, records, random));
        const bitmap: Hex = '0x8000';
        const answers = lists.flatMap(({ request }) =>
          NODES.map((nodeId) => ({ request, nodeId, bitmap })),
        );
        const plan = { from: 1, to: lists.length, seed: id(9, 0), nodes: NODES, answers };
        const { deliveriesRoot, answersRoot } = sealRoots(plan, lists, before);
        const delivered = deliveryLists(plan, lists, before, after);

        expect([...delivered.keys()]).to.deep.equal(NODES);
        for (const [n, nodeId] of NODES.entries()) {
          const list = delivered.get(nodeId);
          if (list === undefined) throw new Error('every node gets a list');
          const leaf = deliveryLeafOf(list, nodeId, 1, lists.length);
          expect(isInTree(leaf, hashes(list.path), fromHex(deliveriesRoot))).to.equal(true);
          const due = records.filter(({ patientId }) =>
            holders.some((nodes, patient) => id(4, patient) === patientId && nodes.includes(n)),
          );
          expect(list.entries.map(({ anchor }) => anchor)).to.deep.equal(
            due.map(({ anchor }) => anchor),
          );
          for (const { anchor, batch, batchPath, peers } of list.entries) {
            const { batchRoot = '0x', author } = list.batches[batch] ?? {};
            expect(isInTree(fromHex(anchor), hashes(batchPath), fromHex(batchRoot))).to.equal(true);
            expect(peers[0]).to.equal(author);
          }
          for (const patient of list.patients) {
            const { patientId, relation } = patient;
            expect(
              isLeafUnder(patientId, patient.before, patient.beforeProof, before.root),
            ).to.equal(true);
            expect(isLeafUnder(patientId, patient.after, patient.afterProof, after.root)).to.equal(
              true,
            );
            expect(holdsRelation(relation, nodeId, patient.after.relationsDigest)).to.equal(true);
            for (const state of patient.afterHandles)
              expect(isHandleUnder(state, patient.after.handlesRoot)).to.equal(true);
          }
          for (const answer of provenAnswers(plan, nodeId)) {
            const own = answerLeaf({ ...answer, nodeId });
            expect(isInTree(own, hashes(answer.path), fromHex(answersRoot))).to.equal(true);
          }
          expect(provenAnswers(plan, nodeId)).to.have.length(lists.length);
        }
      }),
      { numRuns: 30 },
    );
  });
});
