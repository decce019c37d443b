import { expect } from 'chai';
import fc from 'fast-check';
import { openRecord, openRecordBytes } from '../../../src/crypto/openRecord.ts';
import { padmeSize } from '../../../src/crypto/padme.ts';
import { sealRecord, sealRecordBytes } from '../../../src/crypto/record.ts';
import { checkRecord } from '../../../src/crypto/recordScan.ts';
import { recordKeyOf } from '../../../src/crypto/derivations.ts';
import { concat, toHex } from '../../../src/hash/bytes.ts';
import { decodeRecordHeader, RECORD_HEADER_SIZE } from '../../../src/wire/recordHeader.ts';
import { codeOf } from '../../support/codeOf.ts';
import { batchSecret, description, openingOf, sealBody, toSeal } from './recordFixture.ts';

const MIB = 1 << 20;
const bodyOf = (size: number): Uint8Array =>
  new Uint8Array(size).map((_, index) => index * 31 + (index >> 8));

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return parts;
}

function* inChunks(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('record', () => {
  for (const size of [0, 1, 2, 16, 10_240, MIB - 1, MIB, MIB + 1, 3 * MIB + 5, 5 * MIB]) {
    it(`opens what was sealed of ${size} bytes, in a size that shows the Padmé class only`, async () => {
      const body = bodyOf(size);
      const { object, sealed } = await sealBody(body);
      expect(object).to.have.length(sealed.size);
      const opened = await openRecordBytes(object, openingOf(sealed));
      expect(toHex(opened.plaintext)).to.equal(toHex(body));
      expect(opened.message).to.deep.equal({
        ...description,
        recordId: sealed.recordId,
        headerHash: sealed.headerHash,
        bodyRoot: sealed.bodyRoot,
        bodyLength: BigInt(size),
      });
      expect(opened.signature).to.equal(sealed.signature);
      expect(opened.header.bodySize).to.equal(padmeSize(size));
      const { headerHash, bodyRoot, ciphertextRoot } = await checkRecord(
        [object],
        openingOf(sealed),
      );
      expect({ headerHash, bodyRoot, ciphertextRoot }).to.deep.equal({
        headerHash: sealed.headerHash,
        bodyRoot: sealed.bodyRoot,
        ciphertextRoot: sealed.ciphertextRoot,
      });
    });
  }

  it('opens with the record key alone, which a reader is given', async () => {
    const { object, sealed } = await sealBody(bodyOf(100));
    const recordKey = recordKeyOf(batchSecret, sealed.recordId, sealed.recordSalt);
    const opened = await openRecordBytes(object, { ...openingOf(sealed), key: { recordKey } });
    expect(opened.plaintext).to.deep.equal(bodyOf(100));
  });

  it('takes and gives bytes in chunks of any size', async () => {
    const body = bodyOf(5 * MIB + 77); // too large to be held: read twice
    const sealing = sealRecord({ ...toSeal, bodyLength: body.length }, inChunks(body, 65_537));
    const object = concat(...(await collect(sealing.bytes)));
    expect(object).to.have.length(sealing.size);
    const source = () => inChunks(object, 10_007);
    const opened = await openRecord(source, openingOf(sealing.result()));
    expect(toHex(concat(...(await collect(opened.body))))).to.equal(toHex(body));
    expect(concat(...(await collect(opened.body))), 'read again').to.have.length(body.length);
  });

  it('puts nothing about the record into its clear header, and nothing twice', async () => {
    const one = await sealBody(bodyOf(100));
    const other = await sealBody(bodyOf(100));
    const [first, second] = [one.object, other.object].map((object) =>
      decodeRecordHeader(object.subarray(0, RECORD_HEADER_SIZE)),
    );
    for (const field of ['recordId', 'noncePrefix', 'keyCommitment', 'saltHash'] as const) {
      expect(String(first?.[field])).to.not.equal(String(second?.[field]));
    }
    expect(one.sealed.recordSalt).to.not.equal(other.sealed.recordSalt);
    expect(toHex(one.object)).to.not.contain(toHex(new TextEncoder().encode('result')).slice(2));
    expect(toHex(one.object)).to.not.contain(description.author.slice(2));
  });

  it('refuses a body that is shorter or longer than was said', async () => {
    for (const size of [9, 11, 10 + MIB]) {
      const sealing = sealRecord({ ...toSeal, bodyLength: 10 }, [bodyOf(size)]);
      expect(await codeOf(() => collect(sealing.bytes))).to.equal('BodyLengthMismatch');
      expect(await codeOf(() => sealing.result())).to.equal('NotSealedYet');
    }
    for (const bodyLength of [-1, 1.5, Number.NaN]) {
      expect(await codeOf(() => sealRecord({ ...toSeal, bodyLength }, []))).to.equal(
        'BodyLengthMismatch',
      );
    }
  });

  it('seals once: the nonces never serve a second body', async () => {
    const sealing = sealRecord({ ...toSeal, bodyLength: 3 }, [bodyOf(3)]);
    await collect(sealing.bytes);
    expect(await codeOf(() => collect(sealing.bytes))).to.equal('SealedOnce');
  });

  it('refuses a description beyond the inner header', async () => {
    const category = 'x'.repeat(70_000);
    const record = { ...toSeal, description: { ...description, category } };
    expect(await codeOf(() => sealRecordBytes(record, bodyOf(3)))).to.equal('InnerHeaderTooLarge');
  });

  it('ends the source it reads from, also after an error', async () => {
    let ended = 0;
    async function* source(bytes: Uint8Array) {
      try {
        for (const chunk of inChunks(bytes, 1000)) yield chunk;
      } finally {
        ended++;
      }
    }
    const { object, sealed } = await sealBody(bodyOf(10_000));
    await checkRecord(source(object), openingOf(sealed));
    object[0] = 9;
    expect(await codeOf(() => checkRecord(source(object), openingOf(sealed)))).to.equal(
      'RecordMalformed',
    );
    expect(ended).to.equal(2);
  });
});

describe('padme', () => {
  it('adds at most 12 percent and keeps the order', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 45 }), (length) => {
        const size = padmeSize(length);
        expect(size).to.be.at.least(length);
        expect(size).to.be.at.most(length * 1.12);
        expect(padmeSize(size)).to.equal(size);
        expect(padmeSize(length + 1)).to.be.at.least(size);
      }),
    );
  });

  it('gives the sizes of the paper', () => {
    expect([0, 1, 8, 9, 10, 31, 1000, 1025].map(padmeSize)).to.deep.equal([
      0, 1, 8, 10, 10, 32, 1024, 1088,
    ]);
  });
});
