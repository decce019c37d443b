import { expect } from 'chai';
import { concat, toHex, type Hex } from '../../../src/hash/bytes.ts';
import {
  assertSuite,
  HYBRID_ONLY,
  publicKeySizeOf,
  sealedSizeOf,
} from '../../../src/wire/kemSuite.ts';
import { decodeWrapBlock, encodeWrapBlock } from '../../../src/wire/wrapBlock.ts';
import { codeOf } from '../../support/codeOf.ts';

const wrapOf = (suite: number) => ({
  suite,
  wrapId: `0x${'1d'.repeat(16)}` satisfies Hex,
  scopeKeyId: `0x${'5c'.repeat(32)}` satisfies Hex,
  sealed: new Uint8Array(sealedSizeOf(suite, 32)).fill(0xee),
});

describe('wrapBlock', () => {
  for (const [suite, size] of [
    [0, 130],
    [1, 1218],
  ] as const) {
    it(`lays out a wrap of suite ${suite} in ${size} bytes`, async () => {
      const bytes = encodeWrapBlock(wrapOf(suite));
      expect(toHex(bytes.subarray(0, 51))).to.equal(
        `0x010${suite}${'1d'.repeat(16)}${'5c'.repeat(32)}ee`,
      );
      expect(bytes).to.have.length(size);
      expect(decodeWrapBlock(bytes)).to.deep.equal(wrapOf(suite));
      for (const other of [bytes.subarray(0, -1), concat(bytes, Uint8Array.of(0))]) {
        expect(await codeOf(() => decodeWrapBlock(other))).to.equal('BadWrapBlock');
      }
    });
  }

  it('refuses unknown versions and suites', async () => {
    const bytes = encodeWrapBlock(wrapOf(1));
    for (const version of [0, 2]) {
      const other = Uint8Array.of(version, ...bytes.subarray(1));
      expect(await codeOf(() => decodeWrapBlock(other))).to.equal('BadWrapBlock');
    }
    const unknown = bytes.slice();
    unknown[1] = 7;
    expect(await codeOf(() => decodeWrapBlock(unknown))).to.equal('UnknownSuite');
    expect(await codeOf(() => decodeWrapBlock(new Uint8Array(0)))).to.equal('BadWrapBlock');
    expect(await codeOf(() => decodeWrapBlock(Uint8Array.of(1)))).to.equal('BadWrapBlock');
  });
});

describe('kemSuite', () => {
  it('hostile 42: allows hybrid alone unless the network says otherwise', async () => {
    expect(await codeOf(() => assertSuite(1, HYBRID_ONLY))).to.equal('none');
    expect(await codeOf(() => assertSuite(0, HYBRID_ONLY))).to.equal('SuiteRefused');
    expect(await codeOf(() => assertSuite(0, [0, 1]))).to.equal('none');
    expect(await codeOf(() => assertSuite(1, [0]))).to.equal('SuiteRefused');
    for (const suite of [2, 255, -1, 0.5]) {
      expect(await codeOf(() => assertSuite(suite, [0, 1, suite]))).to.equal('UnknownSuite');
    }
  });

  it('knows the sizes of public keys', () => {
    expect([publicKeySizeOf(0), publicKeySizeOf(1)]).to.deep.equal([32, 1216]);
  });
});
