import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { TypedDataEncoder } from 'ethers/hash';
import { signDigest } from '../../../src/crypto/signatures.ts';
import { CarelatticeError } from '../../../src/errors.ts';
import { fromHex, toHex, utf8, type Hex } from '../../../src/hash/bytes.ts';
import { labelledHash } from '../../../src/hash/labelled.ts';
import {
  decodeEnvelope,
  encodeEnvelope,
  ENVELOPE_HEADER,
  envelopeDigest,
  MAX_BODY,
  MessageType,
  padEnvelope,
  SIZE_CLASSES,
  sizeClassOf,
  type Envelope,
} from '../../../src/wire/envelope.ts';

interface Vector {
  federationId: Hex;
  privateKey: Hex;
  envelope: {
    networkId: Hex;
    chainId: string;
    sender: Hex;
    recipient: Hex;
    keyEpoch: number;
    messageType: number;
    correlationId: Hex;
    term: number;
    expiry: number;
    body: Hex;
  };
  bodyHash: Hex;
  digest: Hex;
  signature: Hex;
  encoded: Hex;
}

const vectors = JSON.parse(
  readFileSync(new URL('../../../vectors/envelope.json', import.meta.url), 'utf8'),
) as Vector[];

const envelopeOf = ({ envelope }: Vector): Envelope => ({
  ...envelope,
  chainId: BigInt(envelope.chainId),
  body: fromHex(envelope.body),
});

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return error instanceof CarelatticeError ? error.code : String(error);
  }
  return 'none';
};

const sample: Envelope = {
  networkId: `0x${'11'.repeat(32)}`,
  chainId: 41_001n,
  sender: `0x${'22'.repeat(32)}`,
  recipient: `0x${'33'.repeat(32)}`,
  keyEpoch: 2,
  messageType: MessageType.RecordList,
  correlationId: `0x${'44'.repeat(16)}`,
  term: 3,
  expiry: 1_800_000_000,
  body: utf8('body'),
};
const federationId: Hex = `0x${'ff'.repeat(32)}`;
const signature: Hex = `0x${'55'.repeat(64)}1b`;
const encoded = encodeEnvelope({ ...sample, signature });

describe('the envelope', () => {
  for (const [index, vector] of vectors.entries()) {
    it(`has the digest, signature and bytes of vector ${index + 1}`, () => {
      const envelope = envelopeOf(vector);
      const digest = envelopeDigest(vector.federationId, envelope);
      expect(toHex(labelledHash('envelope-body', envelope.body))).to.equal(vector.bodyHash);
      expect(toHex(digest)).to.equal(vector.digest);
      expect(signDigest(fromHex(vector.privateKey), digest)).to.equal(vector.signature);
      const bytes = encodeEnvelope({ ...envelope, signature: vector.signature });
      expect(toHex(bytes)).to.equal(vector.encoded);
      expect(decodeEnvelope(bytes)).to.deep.equal({ ...envelope, signature: vector.signature });
    });
  }

  it('is signed as ethers signs it', () => {
    const fields =
      'bytes32 networkId,uint256 chainId,bytes32 sender,uint32 keyEpoch,bytes32 recipient,uint16 messageType,bytes16 correlationId,uint64 term,uint64 expiry,bytes32 bodyHash';
    const types = {
      Envelope: fields.split(',').map((field) => {
        const [type = '', name = ''] = field.split(' ');
        return { type, name };
      }),
    };
    const { body, ...rest } = sample;
    const message = { ...rest, bodyHash: toHex(labelledHash('envelope-body', body)) };
    const domain = { name: 'Carelattice', version: '1', salt: federationId };
    expect(toHex(envelopeDigest(federationId, sample))).to.equal(
      TypedDataEncoder.hash(domain, types, message),
    );
  });

  it('changes its digest with every field, its body and the federation', () => {
    const changes: Partial<Envelope>[] = [
      { networkId: `0x${'12'.repeat(32)}` },
      { chainId: 41_002n },
      { sender: `0x${'23'.repeat(32)}` },
      { recipient: `0x${'34'.repeat(32)}` },
      { keyEpoch: 3 },
      { messageType: MessageType.Alarm },
      { correlationId: `0x${'45'.repeat(16)}` },
      { term: 4 },
      { expiry: 1_800_000_001 },
      { body: utf8('bodY') },
    ];
    const digests = changes.map((change) =>
      toHex(envelopeDigest(federationId, { ...sample, ...change })),
    );
    digests.push(toHex(envelopeDigest(federationId, sample)));
    digests.push(toHex(envelopeDigest(`0x${'fe'.repeat(32)}`, sample)));
    expect(new Set(digests)).to.have.length(12);
  });

  it('is padded to the size class of its body', () => {
    for (const [length, size] of [
      [0, 1024],
      [1024, 1024],
      [1025, 4096],
      [16_384, 16_384],
      [16_385, 65_536],
      [MAX_BODY, MAX_BODY],
    ] as const) {
      const body = new Uint8Array(length).fill(7);
      const bytes = encodeEnvelope({ ...sample, body, signature });
      const padded = padEnvelope(bytes);
      expect(padded).to.have.length(ENVELOPE_HEADER + size);
      expect(decodeEnvelope(padded)).to.deep.equal(decodeEnvelope(bytes));
    }
    expect(SIZE_CLASSES).to.have.length(6);
  });

  it('hostile 29: of a round report, round proofs or delivery list always fills 16 KiB', () => {
    for (const type of [
      MessageType.RoundReport,
      MessageType.RoundProofs,
      MessageType.DeliveryList,
    ]) {
      for (const length of [0, 1, 5_000, 16_384])
        expect(sizeClassOf(type, length)).to.equal(16_384);
      expect(codeOf(() => sizeClassOf(type, 16_385))).to.equal('MessageTooLong');
    }
  });

  it('refuses a body above 1 MiB', () => {
    const body = new Uint8Array(MAX_BODY + 1);
    expect(codeOf(() => encodeEnvelope({ ...sample, body, signature }))).to.equal('MessageTooLong');
  });

  it('refuses another version, a cut, wrong padding and padding that is not zero', () => {
    const padded = padEnvelope(encoded);
    const withByte = (bytes: Uint8Array, at: number, byte: number): Uint8Array => {
      const copy = bytes.slice();
      copy[at] = byte;
      return copy;
    };
    for (const bytes of [
      withByte(encoded, 0, 2),
      encoded.subarray(0, ENVELOPE_HEADER - 1),
      encoded.subarray(0, encoded.length - 1),
      padded.subarray(0, padded.length - 1),
      new Uint8Array([...padded, 0]),
      new Uint8Array([...encoded, 0]),
      withByte(padded, padded.length - 1, 1),
      withByte(encoded, 151, 1),
      new Uint8Array(ENVELOPE_HEADER + MAX_BODY + 1),
      new Uint8Array(0),
    ]) {
      expect(codeOf(() => decodeEnvelope(bytes))).to.equal('MalformedEnvelope');
    }
  });

  it('has one number for every message', () => {
    const numbers = Object.values(MessageType);
    expect(new Set(numbers)).to.have.length(numbers.length);
  });
});
