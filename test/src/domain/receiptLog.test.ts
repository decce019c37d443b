import { expect } from 'chai';
import fc from 'fast-check';
import { accountOf, recoverAccount, signDigest } from '../../../src/crypto/signatures.ts';
import {
  judgeReceiptLog,
  type LogFault,
  type ReceiptOpening,
  type ServedLog,
} from '../../../src/domain/receiptLog.ts';
import { type Hex, toHex, uint, ZERO_32 } from '../../../src/hash/bytes.ts';
import { logRoot } from '../../../src/hash/merkleLog.ts';
import {
  type ReceiptLeaf,
  receiptInner,
  receiptLeaf,
  receiptTag,
} from '../../../src/wire/receiptLeaf.ts';
import { type AccessReceipt, typedDigest } from '../../../src/wire/typedData.ts';

const id = (n: number): Hex => toHex(uint(n, 32));
const federationId = id(1);
const networkId = id(2);
const holder = id(3);
const accessKey = uint(77, 32);
const otherKey = uint(78, 32);
const signingKey = uint(5, 32);

const isSigned = (digest: Uint8Array, signature: Hex): boolean =>
  recoverAccount(digest, signature) === accountOf(signingKey);

const receiptOf = (n: number, over: Partial<AccessReceipt> = {}): AccessReceipt => ({
  networkId,
  chainId: 1001n,
  holder,
  basis: id(10),
  reader: id(11),
  requestDigest: id(1_000 + n),
  recordListRoot: id(12),
  n: BigInt(n),
  blockNumber: 90n,
  blockHash: id(13),
  ...over,
});
const digestOf = (receipt: AccessReceipt): Uint8Array =>
  typedDigest('AccessReceipt', federationId, receipt);

function openingOf(n: number, over: Partial<AccessReceipt> = {}, key = signingKey): ReceiptOpening {
  const receipt = receiptOf(n, over);
  return { n, salt: id(2_000 + n), receipt, signature: signDigest(key, digestOf(receipt)) };
}
const leafOf = (opening: ReceiptOpening, n = opening.n, key = accessKey): ReceiptLeaf => ({
  tag: receiptTag(key, n),
  inner: receiptInner(opening.salt, toHex(digestOf(opening.receipt))),
});
const strangers = (n: number): ReceiptLeaf => leafOf(openingOf(n), n, otherKey);

/** A log whose whole length is anchored, as an honest node serves it. */
function serve(leaves: ReceiptLeaf[], openings: ReceiptOpening[]): ServedLog {
  const root = (size: number): Hex => toHex(logRoot(leaves.slice(0, size).map(receiptLeaf)));
  const half = Math.floor(leaves.length / 2);
  const anchored = [half, leaves.length]
    .filter((size, index, all) => size > 0 && all.indexOf(size) === index)
    .map((size, index) => ({ size, root: root(size), block: 100 + index }));
  return { federationId, networkId, holder, accessKey, leaves, anchored, openings, isSigned };
}

const [one, two, three] = [openingOf(1), openingOf(2), openingOf(3)];
const honest = serve(
  [strangers(1), leafOf(one), leafOf(two), strangers(2), leafOf(three), strangers(3)],
  [one, two, three],
);
const faultsOf = (log: ServedLog): LogFault[] => {
  const verdict = judgeReceiptLog(log);
  return verdict.kind === 'ok' ? [] : verdict.faults;
};
const numbersOf = (log: ServedLog): number[] => judgeReceiptLog(log).receipts.map(({ n }) => n);

describe('a patient who reads the receipt log of a node', () => {
  it('finds all her receipts among those of others', () => {
    expect(judgeReceiptLog(honest)).to.deep.equal({
      kind: 'ok',
      receipts: [
        { ...one, place: 2 },
        { ...two, place: 3 },
        { ...three, place: 5 },
      ],
    });
  });

  it('finds nothing in an empty log and in one of others', () => {
    expect(judgeReceiptLog(serve([], []))).to.deep.equal({ kind: 'ok', receipts: [] });
    expect(judgeReceiptLog(serve([strangers(1)], []))).to.deep.equal({ kind: 'ok', receipts: [] });
  });

  it('leaves out what is not anchored yet', () => {
    const four = openingOf(4);
    const log = {
      ...honest,
      leaves: [...honest.leaves, leafOf(four)],
      openings: [...honest.openings, four],
    };
    expect(judgeReceiptLog(log).kind).to.equal('ok');
    expect(numbersOf(log)).to.deep.equal([1, 2, 3]);
  });

  it('catches a node that changed a leaf behind an anchor', () => {
    fc.assert(
      fc.property(fc.nat(5), (place) => {
        const leaves = honest.leaves.map((leaf, index) =>
          index === place ? { ...leaf, inner: id(666) } : leaf,
        );
        const faults = faultsOf({ ...honest, leaves });
        const sizes = faults.flatMap((f) => (f.kind === 'PrefixChanged' ? [f.size] : []));
        expect(sizes).to.deep.equal(place < 3 ? [3, 6] : [6]);
      }),
    );
  });

  it('catches a node that takes a leaf out, or swaps two', () => {
    const [a, b, ...rest] = honest.leaves;
    const without = { ...honest, leaves: honest.leaves.slice(1) };
    expect(faultsOf(without).map(({ kind }) => kind)).to.deep.equal([
      'PrefixChanged',
      'PrefixChanged',
    ]);
    expect(faultsOf(without)[1]).to.not.have.property('found');
    const swapped = { ...honest, leaves: [b, a, ...rest].flatMap((leaf) => leaf ?? []) };
    expect(faultsOf(swapped).map(({ kind }) => kind)).to.deep.equal([
      'PrefixChanged',
      'PrefixChanged',
    ]);
  });

  it('catches a node that serves a shorter log than it anchored', () => {
    const log = { ...honest, leaves: honest.leaves.slice(0, 4) };
    expect(faultsOf(log)).to.deep.equal([
      { kind: 'PrefixChanged', size: 6, block: 101, root: honest.anchored[1]?.root },
    ]);
    expect(numbersOf(log)).to.deep.equal([1, 2]);
  });

  it('catches a node that hides a receipt by leaving its number out of the log', () => {
    const log = serve([leafOf(one), leafOf(three), strangers(1)], [one, three]);
    expect(faultsOf(log)).to.deep.equal([{ kind: 'ReceiptHidden', n: 2, because: 'gap' }]);
    expect(numbersOf(log)).to.deep.equal([1, 3]);
  });

  it('catches a node that hides a receipt by not opening its leaf', () => {
    const log = { ...honest, openings: [one, three] };
    expect(faultsOf(log)).to.deep.equal([{ kind: 'ReceiptHidden', n: 2, because: 'notOpened' }]);
  });

  it('catches a node that never logged a receipt which its reader shows her', () => {
    const four = openingOf(4);
    const log = { ...honest, shown: [four] };
    expect(faultsOf(log)).to.deep.equal([{ kind: 'ReceiptHidden', n: 4, because: 'notLogged' }]);
    const late = openingOf(4, { blockNumber: 102n });
    expect(faultsOf({ ...honest, shown: [two] })).to.deep.equal([]);
    // Given after the newest anchor: the next one has to cover it.
    expect(faultsOf({ ...honest, shown: [late] })).to.deep.equal([]);
    // What the node did not sign proves nothing against it.
    expect(faultsOf({ ...honest, shown: [openingOf(4, {}, uint(6, 32))] })).to.deep.equal([]);
  });

  it('lets a shown receipt wait behind the newest root, as exactly its own leaf and not for long', () => {
    const four = openingOf(4);
    const waiting = {
      ...honest,
      leaves: [...honest.leaves, leafOf(four)],
      openings: [...honest.openings, four],
      shown: [four],
    };
    expect(faultsOf(waiting)).to.deep.equal([]);
    const hidden = [{ kind: 'ReceiptHidden', n: 4, because: 'notLogged' }];
    const madeUp = { ...leafOf(four), inner: id(999) };
    for (const lie of [
      { leaves: [...honest.leaves, madeUp] },
      { openings: honest.openings },
      { openings: [...honest.openings, { ...four, salt: id(998) }] },
      { leaves: [...honest.leaves, leafOf(four, 5)] },
    ]) {
      expect(faultsOf({ ...waiting, ...lie })).to.deep.equal(hidden);
    }
    const [last] = honest.anchored.slice(-1);
    const later = (block: number) => [...honest.anchored, { ...last!, block }];
    expect(faultsOf({ ...waiting, anchored: later(90 + 256) })).to.deep.equal([]);
    expect(faultsOf({ ...waiting, anchored: later(90 + 257) })).to.deep.equal(hidden);
  });

  it('catches a node that logs two receipts under one number', () => {
    const log = serve(
      [leafOf(one), leafOf(two), leafOf(openingOf(2, { reader: id(99) }))],
      [one, two],
    );
    expect(faultsOf(log)).to.deep.equal([{ kind: 'ReceiptTwice', n: 2, places: [2, 3] }]);
  });

  it('catches a node that logs one receipt and gives its reader another one of that number', () => {
    const log = { ...honest, shown: [openingOf(2, { reader: id(99) })] };
    expect(faultsOf(log)).to.deep.equal([{ kind: 'ReceiptTwice', n: 2, places: [3] }]);
  });

  it('catches a node that opens a leaf as something else', () => {
    const cases: ReceiptOpening[] = [
      openingOf(2, { reader: id(99) }),
      openingOf(2, { recordListRoot: ZERO_32 }),
      { ...two, salt: id(1) },
    ];
    for (const forged of cases) {
      const log = { ...honest, openings: [one, forged, three] };
      expect(faultsOf(log)).to.deep.equal([{ kind: 'OpeningForged', n: 2, place: 3 }]);
      expect(numbersOf(log)).to.deep.equal([1, 3]);
    }
  });

  it('catches a node that logs the receipt of another number, node or network', () => {
    for (const over of [{ n: 7n }, { holder: id(4) }, { networkId: id(9) }]) {
      const wrong = openingOf(2, over);
      const log = serve([leafOf(one), leafOf(wrong)], [one, wrong]);
      expect(faultsOf(log)).to.deep.equal([{ kind: 'OpeningForged', n: 2, place: 2 }]);
    }
  });

  it('catches a receipt that the node did not sign', () => {
    const unsigned = openingOf(2, {}, uint(6, 32));
    const log = serve([leafOf(one), leafOf(unsigned)], [one, unsigned]);
    expect(faultsOf(log)).to.deep.equal([{ kind: 'ReceiptNotSigned', n: 2, place: 2 }]);
  });

  it('tells every fault of a node that lies in several ways', () => {
    const log = serve([leafOf(one), leafOf(three), leafOf(three)], [one]);
    expect(
      faultsOf({ ...log, leaves: log.leaves.slice(0, 2) }).map(({ kind }) => kind),
    ).to.deep.equal(['PrefixChanged', 'ReceiptHidden', 'ReceiptHidden']);
    expect(faultsOf(log).map(({ kind }) => kind)).to.deep.equal([
      'ReceiptHidden',
      'ReceiptTwice',
      'ReceiptHidden',
    ]);
  });

  it('finds any honest log good, and its receipts complete', () => {
    const order = fc.array(fc.boolean(), { maxLength: 30 });
    fc.assert(
      fc.property(order, (isHers) => {
        const openings: ReceiptOpening[] = [];
        const leaves = isHers.map((hers, index) => {
          if (!hers) return strangers(index + 1);
          const opening = openingOf(openings.length + 1);
          openings.push(opening);
          return leafOf(opening);
        });
        const verdict = judgeReceiptLog(serve(leaves, openings));
        expect(verdict.kind).to.equal('ok');
        expect(verdict.receipts.length).to.equal(openings.length);
      }),
      { numRuns: 30 },
    );
  });
});
