import { concat as ethersConcat, keccak256 as ethersKeccak } from 'ethers';
import { expect } from 'chai';
import fc from 'fast-check';
import { concat, equalBytes, fromHex, join, toHex, uint, utf8 } from '../../../src/hash/bytes.ts';
import { isInTree, merkleRoot, merkleTree } from '../../../src/hash/merkleTree.ts';
import { emptySparseTree, rootOfSparseProof } from '../../../src/hash/sparseMerkleTree.ts';
import { codeOf } from '../../support/codeOf.ts';

const leaf = fc.uint8Array({ minLength: 32, maxLength: 32 });
const leaves = fc.uniqueArray(leaf, { maxLength: 40, comparator: equalBytes });

/** OpenZeppelin's `MerkleProof.processProof`, written anew over ethers' keccak256. */
const processProof = (proof: readonly string[], from: string): string =>
  proof.reduce((a, b) => ethersKeccak(ethersConcat(a <= b ? [a, b] : [b, a])), from);

describe('the plain tree', () => {
  it("gives proofs that OpenZeppelin's MerkleProof accepts, for every leaf and no other", () => {
    fc.assert(
      fc.property(leaves, leaf, (all, stranger) => {
        const tree = merkleTree(all);
        expect(toHex(merkleRoot(all))).to.equal(toHex(tree.root));
        all.forEach((own, index) => {
          const proof = tree.proof(index);
          expect(processProof(proof.map(toHex), toHex(own))).to.equal(toHex(tree.root));
          expect(isInTree(own, proof, tree.root)).to.equal(true);
          if (!all.some((one) => equalBytes(one, stranger)))
            expect(isInTree(stranger, proof, tree.root)).to.equal(false);
        });
      }),
      { numRuns: 40 },
    );
  });

  it('holds nothing when it is empty', async () => {
    const tree = merkleTree([]);
    expect(toHex(tree.root)).to.equal(`0x${'00'.repeat(32)}`);
    expect(isInTree(new Uint8Array(32), [], tree.root)).to.equal(false);
    expect(await codeOf(() => tree.proof(0))).to.equal('NoSuchLeaf');
  });
});

describe('the sparse tree', () => {
  const entries = fc.uniqueArray(fc.tuple(leaf, leaf), {
    maxLength: 25,
    selector: ([position]) => toHex(position),
  });

  it('has one root for one content, proves presence and absence, and forgets what is taken out', () => {
    fc.assert(
      fc.property(entries, leaf, (all, elsewhere) => {
        const put = (items: typeof all) =>
          items.reduce((tree, [position, value]) => tree.set(position, value), emptySparseTree);
        const tree = put(all);
        expect(toHex(put([...all].reverse()).root)).to.equal(toHex(tree.root));
        for (const [position, value] of all) {
          const proof = tree.proof(position);
          expect(toHex(rootOfSparseProof(position, value, proof))).to.equal(toHex(tree.root));
          const other = uint(7, 32);
          if (!equalBytes(other, value))
            expect(toHex(rootOfSparseProof(position, other, proof))).to.not.equal(toHex(tree.root));
        }
        if (!all.some(([position]) => equalBytes(position, elsewhere))) {
          const absent = rootOfSparseProof(elsewhere, new Uint8Array(32), tree.proof(elsewhere));
          expect(toHex(absent)).to.equal(toHex(tree.root));
        }
        const emptied = all.reduce((at, [position]) => at.set(position, new Uint8Array(32)), tree);
        expect(toHex(emptied.root)).to.equal(toHex(emptySparseTree.root));
      }),
      { numRuns: 20 },
    );
  });
});

describe('bytes', () => {
  it('come back from hex, numbers and joins as they were', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), fc.nat(), (a, b, n) => {
        expect(equalBytes(fromHex(toHex(a)), a)).to.equal(true);
        expect(BigInt(toHex(uint(n, 8)))).to.equal(BigInt(n));
        expect(concat(a, b).length).to.equal(a.length + b.length);
        expect(equalBytes(a, b)).to.equal(toHex(a) === toHex(b));
      }),
    );
  });

  it('are joined so that no border moves', () => {
    const texts = fc.array(fc.string(), { maxLength: 4 });
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        const same = JSON.stringify(a) === JSON.stringify(b);
        const joined = [a, b].map((all) => toHex(join(...all.map(utf8))));
        expect(joined[0] === joined[1]).to.equal(same);
      }),
    );
    expect(toHex(join(utf8('ab'), utf8('c')))).to.not.equal(toHex(join(utf8('a'), utf8('bc'))));
  });
});
