import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';
import { sha256 } from '#sha256';
import { CarelatticeError } from '../errors.ts';

// The profile unixfs-v1-2025 of IPIP-499: CIDv1, raw leaves of 1 MiB, 1,024 links to a node, balanced.
export const CHUNK_BYTES = 1_048_576;
export const LINKS_PER_NODE = 1_024;
/** Largest encoded inner node: 1,024 links of some 60 bytes. */
export const INNER_NODE_BYTES = 131_072;
/** Binary length of every CID here: version, codec, hash function and length, 32 bytes. */
export const CID_BYTES = 36;

export const RAW = 0x55;
export const DAG_PB = 0x70;
const SHA2_256 = 0x12;

/**
 * A CID as this store knows it: version 1, base32, raw or dag-pb, sha2-256.
 * @throws `BadCid` for anything else, other spellings of the same CID among them.
 */
export function parseCid(text: string): CID {
  let cid: CID | undefined;
  if (/^baf[a-z2-7]{56}$/.test(text)) {
    try {
      cid = CID.parse(text);
    } catch (cause) {
      throw badCid(text, cause);
    }
  }
  if (cid === undefined || cid.toString() !== text || !isOurs(cid)) throw badCid(text);
  return cid;
}

/** The base32 text of a binary CID. @throws `BadCid` as {@link parseCid}. */
export function cidFromBytes(bytes: Uint8Array): string {
  let cid: CID;
  try {
    cid = CID.decode(bytes);
  } catch (cause) {
    throw badCid('(binary)', cause);
  }
  if (!isOurs(cid)) throw badCid(cid.toString());
  return cid.toString();
}

export const cidBytes = (text: string): Uint8Array => parseCid(text).bytes;

/** The CID of one raw block: what content of at most 1 MiB has. */
export const rawCid = (bytes: Uint8Array): string => rawCidOfDigest(sha256(bytes));

/** The CID of the raw block with this SHA-256: so a presence query is found by the digest on chain. */
export const rawCidOfDigest = (digest: Uint8Array): string =>
  CID.create(1, RAW, createDigest(SHA2_256, digest)).toString();

function isOurs(cid: CID): boolean {
  return (
    cid.version === 1 &&
    (cid.code === RAW || cid.code === DAG_PB) &&
    cid.multihash.code === SHA2_256 &&
    cid.multihash.digest.length === 32
  );
}

const badCid = (text: string, cause?: unknown): CarelatticeError =>
  new CarelatticeError(
    'BadCid',
    'not a base32 CIDv1 of a raw or dag-pb block under sha2-256; take it from the record list',
    { facts: { cid: text.slice(0, 80) }, cause },
  );
