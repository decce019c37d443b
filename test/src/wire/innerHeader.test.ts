import { expect } from 'chai';
import { AbiCoder } from 'ethers';
import fc from 'fast-check';
import { toHex, type Hex } from '../../../src/hash/bytes.ts';
import {
  decodeInnerHeader,
  encodeInnerHeader,
  type InnerHeader,
} from '../../../src/wire/innerHeader.ts';
import { fieldsOf } from '../../../src/wire/typedData.ts';
import { codeOf } from '../../support/codeOf.ts';

const filled = (byte: string, size = 32): Hex => `0x${byte.repeat(size)}`;
const inner: InnerHeader = {
  message: {
    networkId: filled('01'),
    chainId: (1n << 255n) + 7n,
    author: filled('a0'),
    keyEpoch: 3,
    recordId: filled('1d', 16),
    headerHash: filled('44'),
    bodyRoot: filled('55'),
    category: 'result',
    resourceTypes: ['Observation', 'DiagnosticReport'],
    sensitivity: [],
    status: 'final',
    recordedAt: 1n,
    eventFrom: 0n,
    eventTo: 2n ** 64n - 1n,
    previousVersion: filled('00', 16),
    mediaType: 'application/fhir+json; ☂',
    bodyLength: 12_345n,
  },
  signature: filled('77', 65),
};

describe('innerHeader', () => {
  it('is abi.encode(Record, bytes), zero-padded to a multiple of 256', () => {
    const types = fieldsOf('Record').map((field) => field.type);
    const encoded = AbiCoder.defaultAbiCoder().encode(
      [`tuple(${types.join(',')})`, 'bytes'],
      [Object.values(inner.message), inner.signature],
    );
    const bytes = encodeInnerHeader(inner);
    expect(bytes.length % 256).to.equal(0);
    expect(bytes.length - encoded.length / 2 + 1).to.be.within(0, 255);
    expect(toHex(bytes)).to.equal(encoded.padEnd(2 + 2 * bytes.length, '0'));
    expect(decodeInnerHeader(bytes)).to.deep.equal(inner);
  });

  it('accepts its own bytes only', async () => {
    const bytes = encodeInnerHeader(inner);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (i, by) => {
          const changed = bytes.slice();
          changed[i] = (changed[i] ?? 0) ^ by;
          let decoded: InnerHeader | undefined;
          const code = await codeOf(() => {
            decoded = decodeInnerHeader(changed);
          });
          if (decoded === undefined) expect(code).to.equal('BadInnerHeader');
          else expect(toHex(encodeInnerHeader(decoded))).to.equal(toHex(changed));
        },
      ),
      { numRuns: 500 },
    );
    const longer = new Uint8Array(bytes.length + 256);
    longer.set(bytes);
    for (const other of [bytes.subarray(0, -256), bytes.subarray(0, -1), longer]) {
      expect(await codeOf(() => decodeInnerHeader(other))).to.equal('BadInnerHeader');
    }
  });

  it('hostile 40: quotes nothing of its text in a refusal', () => {
    const bytes = encodeInnerHeader(inner);
    bytes[bytes.length - 1] = 1;
    try {
      decodeInnerHeader(bytes);
      expect.fail('decoded');
    } catch (error) {
      expect(String(error)).to.not.match(/Observation|result|fhir/);
      expect(String((error as Error).cause)).to.not.match(/Observation|result|fhir/); // it is one
    }
  });
});
