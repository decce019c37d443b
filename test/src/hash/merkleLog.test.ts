import { createHash } from 'node:crypto';
import { keccak256 as ethersKeccak } from 'ethers';
import { expect } from 'chai';
import fc from 'fast-check';
import { concat, equalBytes, fromHex, type Hex, toHex } from '../../../src/hash/bytes.ts';
import {
  appendLeaf,
  consistencyProof,
  decodeFrontier,
  EMPTY_LOG,
  encodeFrontier,
  inclusionProof,
  isConsistent,
  isIncluded,
  logRoot,
  logRootsAt,
  rootOfFrontier,
} from '../../../src/hash/merkleLog.ts';
import { codeOf } from '../../support/codeOf.ts';
import { vectorFile } from '../crypto/vectorFile.ts';

type Hash = (bytes: Uint8Array) => Uint8Array;

/** `MTH` word for word as RFC 6962, 2.1, writes it. */
function treeHash(hash: Hash, leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return new Uint8Array(32);
  if (leaves.length === 1) return hash(concat(Uint8Array.of(0), only));
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return hash(concat(Uint8Array.of(1), treeHash(hash, left), treeHash(hash, right)));
}

const keccak: Hash = (bytes) => fromHex(ethersKeccak(bytes));
const sha256: Hash = (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest());

interface Vectors {
  leaves: Hex[];
  roots: Hex[];
  inclusion: { index: number; size: number; proof: Hex[] }[];
  consistency: { first: number; second: number; proof: Hex[] }[];
}
const vectors = vectorFile<Vectors>('merkleLog');
const referenceLeaves = vectors.leaves.map((leaf) => fromHex(leaf));

/** Published with the reference implementation of RFC 6962, for the same eight leaves under SHA-256. */
const REFERENCE_ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const leaf = fc.uint8Array({ minLength: 32, maxLength: 32 });
const someLeaves = fc.uniqueArray(leaf, {
  minLength: 1,
  maxLength: 40,
  comparator: equalBytes,
});
const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 5 ? ~byte : byte));
const headOf = (leaves: readonly Uint8Array[], size: number) => ({
  size,
  root: logRoot(leaves.slice(0, size)),
});

describe('the append-only log', () => {
  it('has the shape of RFC 6962 at the sizes 0 to 8', () => {
    for (let size = 0; size <= 8; size++) {
      const leaves = referenceLeaves.slice(0, size);
      const root = toHex(logRoot(leaves));
      expect(root).to.equal(vectors.roots[size]);
      expect(root).to.equal(toHex(treeHash(keccak, leaves)));
      // The definition that stands in this test is the one of the reference implementation.
      if (size > 0)
        expect(toHex(treeHash(sha256, leaves))).to.equal(`0x${REFERENCE_ROOTS[size - 1]}`);
    }
    expect(toHex(logRoot([]))).to.equal(`0x${'00'.repeat(32)}`);
  });

  it('gives and takes the proofs of the vectors', () => {
    for (const { index, size, proof } of vectors.inclusion) {
      const leaves = referenceLeaves.slice(0, size);
      expect(inclusionProof(leaves, index).map(toHex)).to.deep.equal(proof);
    }
    for (const { first, second, proof } of vectors.consistency) {
      const leaves = referenceLeaves.slice(0, second);
      expect(consistencyProof(leaves, first).map(toHex)).to.deep.equal(proof);
    }
  });

  it('grows leaf by leaf to the roots of the whole list, also when it was put away between', () => {
    fc.assert(
      fc.property(someLeaves, (leaves) => {
        let log = EMPTY_LOG;
        leaves.forEach((one, index) => {
          log = decodeFrontier(encodeFrontier(appendLeaf(log, one)));
          const expected = treeHash(keccak, leaves.slice(0, index + 1));
          expect(toHex(rootOfFrontier(log))).to.equal(toHex(expected));
        });
        expect(log.size).to.equal(leaves.length);
      }),
      { numRuns: 30 },
    );
  });

  it('gives the roots of several sizes in one pass, and none for a size that is not reached', () => {
    fc.assert(
      fc.property(someLeaves, fc.array(fc.nat(45), { maxLength: 6 }), (leaves, sizes) => {
        const roots = logRootsAt(leaves, sizes);
        expect(roots.length).to.equal(sizes.length);
        sizes.forEach((size, index) => {
          const root = roots[index];
          if (size > leaves.length) expect(root).to.equal(undefined);
          else expect(root).to.deep.equal(treeHash(keccak, leaves.slice(0, size)));
        });
      }),
      { numRuns: 40 },
    );
  });

  it('proves every leaf at its place, and no other leaf, place, size or root', () => {
    fc.assert(
      fc.property(someLeaves, leaf, fc.nat(), (leaves, stranger, at) => {
        const index = at % leaves.length;
        const own = leaves[index] ?? stranger;
        const size = leaves.length;
        const root = logRoot(leaves);
        const proof = inclusionProof(leaves, index);
        expect(isIncluded(own, index, size, proof, root)).to.equal(true);
        expect(isIncluded(flipped(own), index, size, proof, root)).to.equal(false);
        expect(isIncluded(own, index, size, proof, flipped(root))).to.equal(false);
        expect(isIncluded(own, index, size, [...proof, stranger], root)).to.equal(false);
        if (proof.length > 0)
          expect(isIncluded(own, index, size, proof.slice(1), root)).to.equal(false);
        for (let other = 0; other < size; other++)
          if (other !== index) expect(isIncluded(own, other, size, proof, root)).to.equal(false);
      }),
      { numRuns: 60 },
    );
  });

  it('proves that a log begins with an older one, and nothing of a changed prefix', () => {
    fc.assert(
      fc.property(someLeaves, fc.nat(), fc.nat(), (leaves, at, where) => {
        const first = at % (leaves.length + 1);
        const second = headOf(leaves, leaves.length);
        const proof = consistencyProof(leaves, first);
        expect(isConsistent(headOf(leaves, first), second, proof)).to.equal(true);
        if (first === 0) return;
        const place = where % first;
        const changed = leaves.map((one, index) => (index === place ? flipped(one) : one));
        const old = headOf(changed, first);
        expect(isConsistent(old, second, proof)).to.equal(false);
        expect(isConsistent(old, second, consistencyProof(changed, first))).to.equal(false);
        for (let cut = 0; cut < proof.length; cut++)
          expect(
            isConsistent(
              headOf(leaves, first),
              second,
              proof.filter((_, index) => index !== cut),
            ),
          ).to.equal(false);
        expect(isConsistent(headOf(leaves, first), second, [...proof, second.root])).to.equal(
          false,
        );
      }),
      { numRuns: 60 },
    );
  });

  it('takes no shorter log for a later one', () => {
    const older = headOf(referenceLeaves, 5);
    const newer = headOf(referenceLeaves, 8);
    expect(isConsistent(newer, older, consistencyProof(referenceLeaves, 5))).to.equal(false);
    expect(isConsistent({ ...older, size: -1 }, newer, [])).to.equal(false);
    expect(isConsistent({ size: 0, root: older.root }, newer, [])).to.equal(false);
    expect(isIncluded(older.root, -1, 8, [], older.root)).to.equal(false);
    expect(isIncluded(older.root, 0, 0, [], logRoot([]))).to.equal(false);
  });

  it('refuses what is no leaf and no frontier of a log', async () => {
    expect(await codeOf(() => inclusionProof(referenceLeaves, 8))).to.equal('NoSuchLeaf');
    expect(await codeOf(() => inclusionProof([], 0))).to.equal('NoSuchLeaf');
    expect(await codeOf(() => consistencyProof(referenceLeaves, 9))).to.equal('NoSuchLeaf');
    const bytes = encodeFrontier(appendLeaf(EMPTY_LOG, new Uint8Array(32)));
    expect(await codeOf(() => decodeFrontier(bytes.subarray(0, 39)))).to.equal('BadFrontier');
    expect(await codeOf(() => decodeFrontier(concat(bytes, bytes)))).to.equal('BadFrontier');
  });
});
