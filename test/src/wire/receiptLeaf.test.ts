import { AbiCoder, computeHmac, keccak256 } from 'ethers';
import { expect } from 'chai';
import { type Hex, toHex, uint } from '../../../src/hash/bytes.ts';
import { receiptInner, receiptLeaf, receiptTag } from '../../../src/wire/receiptLeaf.ts';
import { codeOf } from '../../support/codeOf.ts';

const accessKey = uint(77, 32);
const salt: Hex = toHex(uint(8, 32));
const digest: Hex = toHex(uint(9, 32));

describe('a leaf of the receipt log', () => {
  it('is what the formats say, as ethers computes it', () => {
    const coder = AbiCoder.defaultAbiCoder();
    const inner = keccak256(coder.encode(['bytes32', 'bytes32'], [salt, digest]));
    expect(receiptInner(salt, digest)).to.equal(inner);
    const tag = computeHmac('sha256', accessKey, '0x0000000000000102').slice(0, 34);
    expect(receiptTag(accessKey, 258)).to.equal(tag);
    const leaf = keccak256(coder.encode(['bytes16', 'bytes32'], [tag, inner]));
    const own = { tag: receiptTag(accessKey, 258), inner: receiptInner(salt, digest) };
    expect(toHex(receiptLeaf(own))).to.equal(leaf);
  });

  it('has fields of their lengths only', async () => {
    const tag = receiptTag(accessKey, 1);
    expect(await codeOf(() => receiptInner('0x01', digest))).to.equal('BadHex');
    expect(await codeOf(() => receiptLeaf({ tag: digest, inner: digest }))).to.equal('BadHex');
    expect(await codeOf(() => receiptLeaf({ tag, inner: tag }))).to.equal('BadHex');
  });
});
