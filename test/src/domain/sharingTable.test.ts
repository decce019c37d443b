import { expect } from 'chai';
import fc from 'fast-check';
import {
  EMPTY_TABLE,
  fold,
  isHandleUnder,
  isLeafUnder,
  NO_HISTORY,
  patientProof,
  provenHandles,
  type SealedItem,
  type SharingTable,
  tableOf,
  withEntries,
  withoutChange,
  withRecords,
  withRelations,
} from '../../../src/domain/sharingTable.ts';
import { type Hex, toHex, uint, ZERO_32 } from '../../../src/hash/bytes.ts';
import { keccak256 } from '../../../src/hash/keccak.ts';
import { codeOf } from '../../support/codeOf.ts';

const id = (kind: number, n: number): Hex => toHex(keccak256(uint(kind * 1000 + n, 4)));
const recordId = (n: number): Hex => id(4, n).slice(0, 34) as Hex; // 16 bytes of it

/** Random bytes that differ at every call and follow from where they begin. */
function counting(start: number): (size: number) => Uint8Array {
  let turn = start;
  return (size) => {
    turn += 1;
    return keccak256(uint(turn, 8)).slice(0, size);
  };
}

/** A step: new relations of a patient, or records of some patients. */
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('relations' as const), patient: fc.nat(5) }),
    fc.record({
      kind: fc.constant('records' as const),
      of: fc.array(fc.tuple(fc.nat(5), fc.nat(2)), { minLength: 1, maxLength: 6 }),
    }),
  ),
  { minLength: 1, maxLength: 12 },
);
type Steps = typeof steps extends fc.Arbitrary<infer S> ? S : never;

interface Run {
  tables: SharingTable[];
  changes: { before: SharingTable; after: SharingTable }[];
  items: SealedItem[];
}

function run(plan: Steps): Run {
  const random = counting(0);
  let table = EMPTY_TABLE;
  let serial = 0;
  const done: Run = { tables: [table], changes: [], items: [] };
  for (const step of plan) {
    const before = table;
    if (step.kind === 'relations') {
      const patientId = id(1, step.patient);
      serial += 1;
      const signed = { seq: serial, digest: id(5, serial) };
      table = withEntries(table, [withRelations(table, patientId, [], signed, random)]);
    } else {
      const items = step.of
        .filter(([patient]) => before.entries.has(id(1, patient)))
        .map(([patient, handle]): SealedItem => {
          serial += 1;
          return {
            patientId: id(1, patient),
            handle: id(2, handle),
            anchor: id(3, serial),
            recordId: recordId(serial),
          };
        });
      table = withEntries(table, withRecords(table, items, random));
      done.items.push(...items);
    }
    done.changes.push({ before, after: table });
    done.tables.push(table);
  }
  return done;
}

describe('the sharing table', () => {
  it('has a root that follows from its entries alone, whatever the way to them', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const { tables } = run(plan);
        for (const table of tables) {
          expect(tableOf(table.entries.values()).root).to.equal(table.root);
          expect(tableOf([...table.entries.values()].reverse()).root).to.equal(table.root);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is led back by each change to the table before it', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        for (const { before, after } of run(plan).changes) {
          const changed = [...after.entries.values()].filter(
            (entry) => before.entries.get(entry.patientId) !== entry,
          );
          const old = changed.flatMap(({ patientId }) => before.entries.get(patientId) ?? []);
          const back = withoutChange(after, old, changed);
          expect(back.root).to.equal(before.root);
          expect([...back.entries.keys()]).to.have.members([...before.entries.keys()]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('proves what is in it and what is not, and nothing else', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const { tables } = run(plan);
        const table = tables.at(-1) ?? EMPTY_TABLE;
        for (let n = 0; n < 6; n++) {
          const patientId = id(1, n);
          const leaf = table.entries.get(patientId)?.leaf;
          const proof = patientProof(table, patientId);
          expect(isLeafUnder(patientId, leaf, proof, table.root)).to.equal(true);
          const other = leaf === undefined ? table.entries.values().next().value?.leaf : undefined;
          if (leaf !== other)
            expect(isLeafUnder(patientId, other, proof, table.root)).to.equal(false);
          if (leaf !== undefined) {
            const later = { ...leaf, version: leaf.version + 1 };
            expect(isLeafUnder(patientId, later, proof, table.root)).to.equal(false);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('counts and chains the records of every handle in order, and proves each state', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const { tables, items } = run(plan);
        for (const entry of tables.at(-1)?.entries.values() ?? []) {
          const handles = [0, 1, 2].map((n) => id(2, n));
          const proven = provenHandles(entry, handles);
          for (const handle of handles) {
            const own = items.filter(
              (item) => item.patientId === entry.patientId && item.handle === handle,
            );
            const state = proven.find((one) => one.handle === handle);
            const { count, historyHead } = state ?? NO_HISTORY;
            expect({ count, historyHead }).to.deep.equal(fold(NO_HISTORY, own));
            if (state === undefined) continue;
            expect(isHandleUnder(state, entry.leaf.handlesRoot)).to.equal(true);
            const forged = { ...state, count: state.count + 1 };
            expect(isHandleUnder(forged, entry.leaf.handlesRoot)).to.equal(false);
          }
          expect(provenHandles(entry, [])).to.deep.equal([]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('salts every new leaf anew and raises its version by one', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        for (const { before, after } of run(plan).changes)
          for (const [patientId, entry] of after.entries) {
            const old = before.entries.get(patientId);
            if (old === entry) continue;
            expect(entry.leaf.version).to.equal((old?.leaf.version ?? 0) + 1);
            expect(entry.leaf.salt).to.not.equal(old?.leaf.salt);
          }
      }),
      { numRuns: 60 },
    );
  });

  it('takes no record of a patient without relations', async () => {
    const item = { patientId: id(1, 1), handle: id(2, 1), anchor: id(3, 1), recordId: recordId(1) };
    expect(await codeOf(() => withRecords(EMPTY_TABLE, [item], counting(0)))).to.equal(
      'PatientNotInTable',
    );
    expect(EMPTY_TABLE.root).to.equal(ZERO_32);
  });

  it('takes a malformed proof for none', () => {
    const table = EMPTY_TABLE;
    const patientId = id(1, 1);
    const short = { map: '0x00' as Hex, siblings: [] };
    expect(isLeafUnder(patientId, undefined, short, table.root)).to.equal(false);
    const map: Hex = `0x${'ff'.repeat(32)}`;
    const full = { map, siblings: [] };
    expect(isLeafUnder(patientId, undefined, full, table.root)).to.equal(false);
  });
});
