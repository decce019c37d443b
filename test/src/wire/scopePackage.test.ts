import { expect } from 'chai';
import { AbiCoder } from 'ethers';
import fc from 'fast-check';
import { toHex, type Hex } from '../../../src/hash/bytes.ts';
import { abiDecode, abiEncode } from '../../../src/wire/abi.ts';
import {
  decodeScopePackage,
  encodeScopePackage,
  type ScopePackage,
} from '../../../src/wire/scopePackage.ts';
import { codeOf } from '../../support/codeOf.ts';

const id = (byte: string): Hex => `0x${byte.repeat(32)}`;
const filled = (fill: number, size = 32): Uint8Array => new Uint8Array(size).fill(fill);
const content: ScopePackage = {
  patientId: id('9a'),
  seq: 4n,
  scopes: [
    {
      category: 'result',
      handle: id('1a'),
      epoch: 2,
      suite: 1,
      publicKey: filled(1, 1216),
      privateSeed: filled(6),
    },
    { category: 'financial', handle: id('1b'), epoch: 1, suite: 0, publicKey: filled(2) },
  ],
  presenceEpoch: 1,
  presenceSecret: filled(8),
  accessKey: filled(9),
  relation: { salt: id('5a'), nodeId: id('0a'), role: 1, handles: [id('1a')] },
  path: [id('6a'), id('6b')],
};

const TYPES = [
  'uint8',
  'bytes32',
  'uint64',
  '(string,bytes32,uint32,uint8,bytes,bytes)[]',
  'uint32',
  'bytes32',
  'bytes32',
  '(bytes32,bytes32,uint8,bytes32[])',
  'bytes32[]',
];

describe('scopePackage on the wire', () => {
  it('is abi.encode of its fields, an empty seed where the node may only send', () => {
    const ethersTypes = TYPES.map((type) => type.replace('(', 'tuple('));
    const encoded = AbiCoder.defaultAbiCoder().encode(ethersTypes, [
      1,
      content.patientId,
      content.seq,
      content.scopes.map((scope) => [
        scope.category,
        scope.handle,
        scope.epoch,
        scope.suite,
        scope.publicKey,
        scope.privateSeed ?? '0x',
      ]),
      content.presenceEpoch,
      content.presenceSecret,
      content.accessKey,
      [id('5a'), id('0a'), 1, [id('1a')]],
      content.path,
    ]);
    expect(toHex(encodeScopePackage(content))).to.equal(encoded);
    expect(decodeScopePackage(encodeScopePackage(content))).to.deep.equal(content);
  });

  it('accepts its own bytes only', async () => {
    const bytes = encodeScopePackage(content);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (i, by) => {
          const changed = bytes.slice();
          changed[i] = (changed[i] ?? 0) ^ by;
          let decoded: ScopePackage | undefined;
          const code = await codeOf(() => {
            decoded = decodeScopePackage(changed);
          });
          if (decoded === undefined) expect(code).to.equal('BadScopePackage');
          else expect(toHex(encodeScopePackage(decoded))).to.equal(toHex(changed));
        },
      ),
      { numRuns: 500 },
    );
    expect(await codeOf(() => decodeScopePackage(bytes.subarray(0, -32)))).to.equal(
      'BadScopePackage',
    );
  });

  it('refuses another version and a seed of another length', async () => {
    const values = abiDecode(TYPES, encodeScopePackage(content));
    const version = abiEncode(TYPES, [2, ...values.slice(1)]);
    expect(await codeOf(() => decodeScopePackage(version))).to.equal('BadScopePackage');
    const scopes = [['result', id('1a'), 1, 1, '0x01', '0x0102']];
    const seed = abiEncode(TYPES, [...values.slice(0, 3), scopes, ...values.slice(4)]);
    expect(await codeOf(() => decodeScopePackage(seed))).to.equal('BadScopePackage');
  });
});
