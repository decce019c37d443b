import { expect } from 'chai';
import fc from 'fast-check';
import { scopeKeyIdOf } from '../../../src/crypto/derivations.ts';
import { deriveKemKeyPair } from '../../../src/crypto/hpkeSealing.ts';
import { openWrap, sealWrap } from '../../../src/crypto/wrap.ts';
import { toHex, type Hex } from '../../../src/hash/bytes.ts';
import { HYBRID_SUITE, X25519_SUITE } from '../../../src/wire/kemSuite.ts';
import { decodeWrapBlock, encodeWrapBlock } from '../../../src/wire/wrapBlock.ts';
import { codeOf } from '../../support/codeOf.ts';

const id = (byte: string): Hex => `0x${byte.repeat(32)}`;
const origin = { author: id('a0'), networkId: id('01') };
const batchSecret = new Uint8Array(32).fill(0xb5);
const pairOf = (suite: number, fill: number) =>
  deriveKemKeyPair(suite, new Uint8Array(32).fill(fill));

describe('wrap', () => {
  it('gives the batch secret to the holder of the scope key, each time under a new wrapId', async () => {
    const pair = await pairOf(HYBRID_SUITE, 1);
    const [one, again] = [
      await sealWrap(batchSecret, pair.publicKey, origin),
      await sealWrap(batchSecret, pair.publicKey, origin),
    ];
    expect(one).to.have.length(1218);
    expect(decodeWrapBlock(one).wrapId).to.not.equal(decodeWrapBlock(again).wrapId);
    expect(decodeWrapBlock(one).scopeKeyId).to.equal(scopeKeyIdOf(pair.publicKey));
    expect(await openWrap(one, pair, origin)).to.deep.equal(batchSecret);
    expect(await openWrap(again, pair, origin)).to.deep.equal(batchSecret);
  });

  it('hostile 7: refuses a wrap for another scope key', async () => {
    const pair = await pairOf(HYBRID_SUITE, 1);
    const other = await pairOf(HYBRID_SUITE, 2);
    const block = await sealWrap(batchSecret, pair.publicKey, origin);
    expect(await codeOf(() => openWrap(block, other, origin))).to.equal('WrongScopeKey');
    const renamed = encodeWrapBlock({
      ...decodeWrapBlock(block),
      scopeKeyId: scopeKeyIdOf(other.publicKey),
    });
    expect(await codeOf(() => openWrap(renamed, other, origin))).to.equal('OpeningFailed');
    expect(await codeOf(() => openWrap(renamed, pair, origin))).to.equal('WrongScopeKey');
  });

  it('hostile 7: refuses a wrap under another wrapId, author or network', async () => {
    const pair = await pairOf(HYBRID_SUITE, 1);
    const block = await sealWrap(batchSecret, pair.publicKey, origin);
    const renamed = encodeWrapBlock({ ...decodeWrapBlock(block), wrapId: `0x${'00'.repeat(16)}` });
    expect(await codeOf(() => openWrap(renamed, pair, origin))).to.equal('OpeningFailed');
    for (const change of [{ author: id('a1') }, { networkId: id('02') }]) {
      const otherwise = { ...origin, ...change };
      expect(await codeOf(() => openWrap(block, pair, otherwise))).to.equal('OpeningFailed');
    }
  });

  it('hostile 42: refuses unknown and downgraded suites, X25519 unless the network allows it', async () => {
    const hybrid = await pairOf(HYBRID_SUITE, 1);
    const small = await pairOf(X25519_SUITE, 1);
    const block = await sealWrap(batchSecret, hybrid.publicKey, origin);
    const unknown = block.slice();
    unknown[1] = 2;
    expect(await codeOf(() => openWrap(unknown, hybrid, origin))).to.equal('UnknownSuite');
    const downgraded = block.slice();
    downgraded[1] = X25519_SUITE;
    expect(await codeOf(() => openWrap(downgraded, hybrid, origin))).to.equal('BadWrapBlock');
    const shaped = encodeWrapBlock({
      ...decodeWrapBlock(block),
      suite: X25519_SUITE,
      sealed: decodeWrapBlock(block).sealed.slice(-80),
    });
    const both = { ...origin, allowedSuites: [HYBRID_SUITE, X25519_SUITE] };
    expect(await codeOf(() => openWrap(shaped, hybrid, origin))).to.equal('SuiteRefused');
    expect(await codeOf(() => openWrap(shaped, hybrid, both))).to.equal('WrongScopeKey');

    expect(await codeOf(() => sealWrap(batchSecret, small.publicKey, origin))).to.equal(
      'SuiteRefused',
    );
    const allowed = await sealWrap(batchSecret, small.publicKey, both);
    expect(allowed).to.have.length(130);
    expect(await openWrap(allowed, small, both)).to.deep.equal(batchSecret);
    expect(await codeOf(() => openWrap(allowed, small, origin))).to.equal('SuiteRefused');
  });

  it('opens nothing that was changed, cut or lengthened', async () => {
    const pair = await pairOf(HYBRID_SUITE, 1);
    const block = await sealWrap(batchSecret, pair.publicKey, origin);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(block.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (i, by) => {
          const changed = block.slice();
          changed[i] = (changed[i] ?? 0) ^ by;
          expect(await codeOf(() => openWrap(changed, pair, origin))).to.not.equal('none');
          const cut = block.subarray(0, i);
          expect(await codeOf(() => openWrap(cut, pair, origin))).to.equal('BadWrapBlock');
        },
      ),
      { numRuns: 60 },
    );
    const longer = Uint8Array.of(...block, 0);
    expect(await codeOf(() => openWrap(longer, pair, origin))).to.equal('BadWrapBlock');
  });

  it('wraps secrets of 32 bytes only', async () => {
    const { publicKey } = await pairOf(HYBRID_SUITE, 1);
    const short = new Uint8Array(31);
    expect(await codeOf(() => sealWrap(short, publicKey, origin))).to.equal('BadBatchSecret');
  });

  it('hostile 40: names no secret in a refusal', async () => {
    const pair = await pairOf(HYBRID_SUITE, 1);
    const block = await sealWrap(batchSecret, pair.publicKey, origin);
    block[600] = (block[600] ?? 0) ^ 1;
    try {
      await openWrap(block, pair, origin);
      expect.fail('opened');
    } catch (error) {
      expect(String(error)).to.not.contain(toHex(batchSecret).slice(2, 20));
      expect(error).to.have.property('cause', undefined);
    }
  });
});
