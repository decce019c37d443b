import { expect } from 'chai';
import fc from 'fast-check';
import { assemble, cut, PART_BYTES } from '../../../src/domain/parts.ts';
import {
  isPresent,
  PADDED_COUNTS,
  presenceBitmap,
  presenceQuery,
  tagsOf,
} from '../../../src/domain/presenceQuery.ts';
import { shuffled } from '../../../src/domain/random.ts';
import {
  holdsRelation,
  opensDigest,
  ownRelation,
  relationsDigest,
} from '../../../src/domain/relations.ts';
import { type Hex, toHex, uint } from '../../../src/hash/bytes.ts';
import { keccak256 } from '../../../src/hash/keccak.ts';
import { codeOf } from '../../support/codeOf.ts';

function counting(start: number): (size: number) => Uint8Array {
  let turn = start;
  return (size) => {
    turn += 1;
    return keccak256(uint(turn, 8)).slice(0, size);
  };
}

const tagOf = (n: number): Hex => toHex(keccak256(uint(n, 5)).slice(0, 16));
const tags = fc.uniqueArray(fc.nat(100_000), { maxLength: 300 }).map((all) => all.map(tagOf));

describe('a presence query', () => {
  it('keeps each tag at its position among random ones, in a size that tells little', () => {
    fc.assert(
      fc.property(tags, fc.nat(1000), (given, seed) => {
        const { block, paddedCount, positions } = presenceQuery(given, counting(seed));
        expect(PADDED_COUNTS).to.include(paddedCount);
        const read = tagsOf(block, paddedCount);
        expect(given.map((_, i) => read[positions[i] ?? -1])).to.deep.equal(given);
        expect(new Set(read).size).to.equal(paddedCount);
        const bitmap = presenceBitmap(read, (tag) => given.includes(tag));
        expect(bitmap).to.have.length(2 + paddedCount / 4);
        for (let i = 0; i < paddedCount; i++)
          expect(isPresent(bitmap, i)).to.equal(positions.includes(i));
      }),
      { numRuns: 25 },
    );
  });

  it('is refused with too many tags or of another size', async () => {
    const many = Array.from({ length: 1025 }, (_, i) => tagOf(i));
    expect(await codeOf(() => presenceQuery(many, counting(0)))).to.equal('TooManyTags');
    expect(await codeOf(() => tagsOf(new Uint8Array(255), 16))).to.equal('BadPresenceQuery');
  });

  it('is shuffled without loss, and each order comes up', () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const order = shuffled([1, 2, 3], counting(seed * 10));
      expect([...order].sort()).to.deep.equal([1, 2, 3]);
      orders.add(order.join());
    }
    expect(orders.size).to.equal(6);
  });
});

describe('a list cut in parts', () => {
  it('comes together again, in parts of one envelope', () => {
    fc.assert(
      fc.property(fc.nat(PART_BYTES * 3), (size) => {
        const list = new Uint8Array(size).map((_, i) => i % 251);
        const parts = cut(list);
        expect(parts.length).to.equal(Math.max(1, Math.ceil(size / PART_BYTES)));
        expect(toHex(assemble(parts, parts.length))).to.equal(toHex(list));
      }),
      { numRuns: 20 },
    );
  });

  it('is not put together with a part missing', async () => {
    expect(await codeOf(() => assemble([undefined, '0x00'], 2))).to.equal('PartMissing');
  });
});

describe('a relation list', () => {
  const id = (n: number): Hex => toHex(keccak256(uint(n, 6)));
  const list = fc
    .uniqueArray(fc.nat(10_000), { minLength: 1, maxLength: 12 })
    .map((all) =>
      all.map((n) => ({ salt: id(n + 20_000), nodeId: id(n), role: 1, handles: [id(n + 40_000)] })),
    );

  it('shows every node its own relation under the digest, and only that', () => {
    fc.assert(
      fc.property(list, (relations) => {
        const digest = relationsDigest(relations);
        expect(opensDigest(relations, digest)).to.equal(true);
        for (const { nodeId } of relations) {
          const own = ownRelation(relations, nodeId);
          expect(holdsRelation(own, nodeId, digest)).to.equal(true);
          expect(holdsRelation(own, id(999_999), digest)).to.equal(false);
          expect(holdsRelation({ ...own, role: 2 }, nodeId, digest)).to.equal(false);
          const more = { ...own, handles: [...own.handles, id(5)] };
          expect(holdsRelation(more, nodeId, digest)).to.equal(false);
        }
        expect(opensDigest(relations.slice(1), digest)).to.equal(false);
      }),
      { numRuns: 50 },
    );
  });

  it('has no relation of a node that it does not name', async () => {
    expect(await codeOf(() => ownRelation([], id(1)))).to.equal('NotInRelations');
  });
});
