import { CarelatticeError } from '../errors.ts';
import { fromHex, type Hex } from '../hash/bytes.ts';
import { abiDecode, abiEncode } from './abi.ts';
import type { RelationLeaf } from './leaves.ts';

/** The scope key of one record category as a node gets it. */
export interface ScopeEntry {
  readonly category: string;
  readonly handle: Hex;
  readonly epoch: number;
  readonly suite: number;
  readonly publicKey: Uint8Array;
  /** Seed of the key pair, 32 bytes; undefined when the node may send to this category but not open it. */
  readonly privateSeed?: Uint8Array | undefined;
}

/**
 * What a patient gives a node:
 * `abi.encode(uint8 version, bytes32 patientId, uint64 seq,
 * (string category, bytes32 handle, uint32 epoch, uint8 suite, bytes publicKey, bytes privateSeed)[] scopes,
 * uint32 presenceEpoch, bytes32 presenceSecret, bytes32 accessKey,
 * (bytes32 salt, bytes32 nodeId, uint8 role, bytes32[] handles) relation, bytes32[] path)`.
 */
export interface ScopePackage {
  readonly patientId: Hex;
  /** Seq of the `SetRelations` that this package goes with. */
  readonly seq: bigint;
  readonly scopes: readonly ScopeEntry[];
  readonly presenceEpoch: number;
  readonly presenceSecret: Uint8Array;
  readonly accessKey: Uint8Array;
  /** The node's own leaf under the relations digest, and the siblings from it up. */
  readonly relation: RelationLeaf;
  readonly path: readonly Hex[];
}

const VERSION = 1;
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
const NO_SEED = new Uint8Array(0);

/** @throws `BadAbi` when a field does not fit its type */
export const encodeScopePackage = (given: ScopePackage): Uint8Array =>
  abiEncode(TYPES, [
    VERSION,
    given.patientId,
    given.seq,
    given.scopes.map((scope) => [
      scope.category,
      scope.handle,
      scope.epoch,
      scope.suite,
      scope.publicKey,
      scope.privateSeed ?? NO_SEED,
    ]),
    given.presenceEpoch,
    given.presenceSecret,
    given.accessKey,
    [given.relation.salt, given.relation.nodeId, given.relation.role, given.relation.handles],
    given.path,
  ]);

/** The values of `TYPES` as the decoder gives them. */
type Decoded = [
  version: bigint,
  patientId: Hex,
  seq: bigint,
  scopes: [string, Hex, bigint, bigint, Hex, Hex][],
  presenceEpoch: bigint,
  presenceSecret: Hex,
  accessKey: Hex,
  relation: [Hex, Hex, bigint, Hex[]],
  path: Hex[],
];

const malformed = (): CarelatticeError =>
  new CarelatticeError('BadScopePackage', 'the scope package is malformed');

function scopeOf([
  category,
  handle,
  epoch,
  suite,
  publicKey,
  seed,
]: Decoded[3][number]): ScopeEntry {
  const privateSeed = seed === '0x' ? undefined : fromHex(seed);
  if (privateSeed !== undefined && privateSeed.length !== 32) throw malformed();
  return {
    category,
    handle,
    epoch: Number(epoch),
    suite: Number(suite),
    publicKey: fromHex(publicKey),
    ...(privateSeed === undefined ? {} : { privateSeed }),
  };
}

function decode(bytes: Uint8Array): Decoded {
  try {
    // The decoder gives what the types name, or throws.
    return abiDecode(TYPES, bytes) as Decoded;
  } catch {
    throw malformed();
  }
}

/** @throws `BadScopePackage` on anything but the bytes that `encodeScopePackage` makes */
export function decodeScopePackage(bytes: Uint8Array): ScopePackage {
  const [version, patientId, seq, scopes, presenceEpoch, presenceSecret, accessKey, own, path] =
    decode(bytes);
  if (version !== BigInt(VERSION)) throw malformed();
  const [salt, nodeId, role, handles] = own;
  return {
    patientId,
    seq,
    scopes: scopes.map(scopeOf),
    presenceEpoch: Number(presenceEpoch),
    presenceSecret: fromHex(presenceSecret),
    accessKey: fromHex(accessKey),
    relation: { salt, nodeId, role: Number(role), handles },
    path,
  };
}
