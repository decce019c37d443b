import { expect } from 'chai';
import { keccak256 } from 'ethers';
import { bloomMayHold, logsOf } from '../../../src/chain/logs.ts';
import type { Hex } from '../../../src/hash/bytes.ts';

/** Yellow paper 4.4.1, in arithmetic of its own: three pairs of bytes of the hash, modulo 2,048. */
const bitsOf = (address: Hex): readonly [number, number, number] => {
  const hash = BigInt(keccak256(address));
  const pair = (index: bigint): number => Number((hash >> (240n - 16n * index)) % 2_048n);
  return [pair(0n), pair(1n), pair(2n)];
};

const bloomOf = (...bits: readonly number[]): Hex => {
  const sum = bits.reduce((all, bit) => all | (1n << BigInt(bit)), 0n);
  return `0x${sum.toString(16).padStart(512, '0')}`;
};

describe('The bloom filter of a block', () => {
  const address: Hex = '0x095e7baea6a6c7c4c2dfeb977efac326af552d87';
  const empty: Hex = `0x${'00'.repeat(256)}`;
  const full: Hex = `0x${'ff'.repeat(256)}`;

  it('is certain that an empty filter holds nothing', () => {
    expect(bloomMayHold(empty, [address])).to.equal(false);
    expect(bloomMayHold(full, [])).to.equal(false);
  });

  it('holds the three bits of an address, each of them needed', () => {
    const [first, second, third] = bitsOf(address);
    expect(bloomMayHold(bloomOf(first, second, third), [address])).to.equal(true);
    expect(bloomMayHold(bloomOf(first, second), [address])).to.equal(false);
    expect(bloomMayHold(bloomOf(second, third), [address])).to.equal(false);
    expect(bloomMayHold(bloomOf(first, third), [address])).to.equal(false);
  });

  it('may hold anything when it is full', () => {
    expect(bloomMayHold(full, [address])).to.equal(true);
  });
});

describe('Logs of a node', () => {
  const log = {
    address: `0x${'AB'.repeat(20)}`,
    topics: [`0x${'12'.repeat(32)}`],
    data: '0x',
    blockNumber: '0x10',
    blockHash: `0x${'34'.repeat(32)}`,
    transactionHash: `0x${'56'.repeat(32)}`,
    logIndex: '0x2',
  };

  it('are read with lower-case hex and numbers', () => {
    expect(logsOf([log])[0]).to.deep.include({
      address: `0x${'ab'.repeat(20)}`,
      block: 16,
      logIndex: 2,
      removed: false,
    });
  });

  for (const [field, value] of [
    ['address', '0x12'],
    ['topics', 'none'],
    ['data', '0x1'],
    ['blockNumber', null],
    ['blockNumber', '0xffffffffffffffff'],
    ['blockHash', undefined],
    ['transactionHash', 5],
    ['logIndex', '2'],
  ] as const) {
    it(`are refused with ${field} ${String(value)}`, () => {
      expect(() => logsOf([{ ...log, [field]: value }]))
        .to.throw()
        .with.property('code', 'RpcMalformed');
    });
  }
});
