import { hmacSha256 } from '#sha256';
import { concat, fromHex, toHex, uint, type Hex } from '../hash/bytes.ts';
import { keccak256 } from '../hash/keccak.ts';
import { hkdf, labelledHash } from '../hash/labelled.ts';
import { keccakOf } from '../wire/abi.ts';
import type { KemPublicKey } from './hpkeSealing.ts';

/**
 * Every key and identifier that follows from others. Secrets are 32 bytes; ids and
 * digests hex; epochs 32-bit numbers.
 */

const id = (hex: Hex): Uint8Array => fromHex(hex, 32);
const epochBytes = (epoch: number): Uint8Array => uint(epoch, 4);

// ——— From the patient's root key

/** The secret of one network, from which all that is derived for it follows. */
export const netSeed = (rootKey: Uint8Array, federationId: Hex, networkId: Hex): Uint8Array =>
  hkdf(rootKey, 'net', id(federationId), id(networkId));

/** Seed of the KEM key pair of a record category and epoch, the same in all networks. */
export const scopeKeySeed = (
  rootKey: Uint8Array,
  federationId: Hex,
  category: string,
  epoch: number,
): Uint8Array => hkdf(rootKey, 'scope', id(federationId), category, epochBytes(epoch));

/** Part of `routingId`. */
export const routingIdNonce = (rootKey: Uint8Array, federationId: Hex): Hex =>
  toHex(hkdf(rootKey, 'routing-id', id(federationId)));

/** Private key of the account that signs for the patient on the index chain. */
export const routingAuthorityKey = (rootKey: Uint8Array, federationId: Hex): Uint8Array =>
  hkdf(rootKey, 'routing-authority', id(federationId));

/** Seals what she keeps beside the root key. */
export const walletKey = (rootKey: Uint8Array): Uint8Array => hkdf(rootKey, 'wallet');

// ——— From the seed of a network

/** The opaque name of a record category in one network. */
export const handleOf = (seed: Uint8Array, category: string): Hex =>
  toHex(hkdf(seed, 'handle', category));

/** Part of `patientId`. */
export const idNonce = (seed: Uint8Array): Hex => toHex(hkdf(seed, 'id'));

/** Seed of the KEM key pair of her inbox. */
export const inboxSeed = (seed: Uint8Array): Uint8Array => hkdf(seed, 'inbox');

/** What an emergency card holds: who has it finds the custodians. */
export const cardSecret = (seed: Uint8Array, cardEpoch: number): Uint8Array =>
  hkdf(seed, 'card', epochBytes(cardEpoch));

/** The name of a card at its custodians. */
export const cardLookUp = (secret: Uint8Array, cardEpoch: number): Hex =>
  toHex(labelledHash('card', secret, epochBytes(cardEpoch)));

export const presenceSecret = (seed: Uint8Array, presenceEpoch: number): Uint8Array =>
  hkdf(seed, 'presence', epochBytes(presenceEpoch));

/** Names the receipts of one node to its patient; given to that node only. */
export const accessKey = (seed: Uint8Array, nodeId: Hex): Uint8Array =>
  hkdf(seed, 'access', id(nodeId));

/** Hides the scope key in `ScopeEpoch`. */
export const scopeSalt = (seed: Uint8Array, handle: Hex, epoch: number): Uint8Array =>
  hkdf(seed, 'scope-salt', id(handle), epochBytes(epoch));

/** `commitment` of a `ScopeEpoch`: keccak256(salt ‖ scopeKeyId). */
export const scopeCommitment = (salt: Uint8Array, scopeKeyId: Hex): Hex =>
  toHex(keccak256(concat(salt, id(scopeKeyId))));

/** What the chain keeps of a commitment beside the epoch: its first 28 bytes. */
export const keptCommitment = (commitment: Hex): Hex => `0x${commitment.slice(2, 58)}`;

// ——— Identifiers that a contract recomputes

/** keccak256(abi.encode(networkId, firstAuthority, idNonce)) */
export const patientIdOf = (networkId: Hex, firstAuthority: Hex, nonce: Hex): Hex =>
  toHex(keccakOf(['bytes32', 'address', 'bytes32'], [networkId, firstAuthority, nonce]));

/** keccak256(abi.encode(federationId, firstRoutingAuthority, idNonce)) */
export const routingIdOf = (federationId: Hex, firstRoutingAuthority: Hex, nonce: Hex): Hex =>
  toHex(keccakOf(['bytes32', 'address', 'bytes32'], [federationId, firstRoutingAuthority, nonce]));

/** keccak256(abi.encode(networkId, firstSigningKey, nonce)); the signing key is its account. */
export const nodeIdOf = (networkId: Hex, firstSigningKey: Hex, nonce: Hex): Hex =>
  toHex(keccakOf(['bytes32', 'address', 'bytes32'], [networkId, firstSigningKey, nonce]));

// ——— Presence

/** First 16 bytes of HMAC-SHA256(presenceSecret, networkId ‖ originNodeId ‖ tagEpoch). */
export const presenceTag = (
  secret: Uint8Array,
  networkId: Hex,
  originNodeId: Hex,
  tagEpoch: number,
): Hex =>
  toHex(
    hmacSha256(secret, concat(id(networkId), id(originNodeId), epochBytes(tagEpoch))).subarray(
      0,
      16,
    ),
  );

// ——— Public keys

const suiteByte = (publicKey: KemPublicKey): Uint8Array => uint(publicKey.suite, 1);

/** Names a scope key, and with it the patient, in record headers and wraps. */
export const scopeKeyIdOf = (publicKey: KemPublicKey): Hex =>
  toHex(labelledHash('scope-key', suiteByte(publicKey), publicKey.bytes));

/** Names the KEM key of a node, a reader or a patient's inbox where a registry holds its hash. */
export const kemKeyHash = (publicKey: KemPublicKey): Hex =>
  toHex(labelledHash('kem-key', suiteByte(publicKey), publicKey.bytes));

// ——— Of one record

/** The content key of a record: recordId is 16 bytes, recordSalt 32. */
export const recordKeyOf = (batchSecret: Uint8Array, recordId: Hex, recordSalt: Hex): Uint8Array =>
  hkdf(batchSecret, 'record', concat(fromHex(recordId, 16), id(recordSalt)));

export const bodyKeyOf = (recordKey: Uint8Array): Uint8Array => hkdf(recordKey, 'body');

export const innerKeyOf = (recordKey: Uint8Array): Uint8Array => hkdf(recordKey, 'inner');

/** Binds a ciphertext to one key: AES-GCM alone lets one ciphertext open under two. */
export const keyCommitmentOf = (recordKey: Uint8Array): Hex => toHex(labelledHash('kc', recordKey));

export const saltHashOf = (recordSalt: Hex): Hex => toHex(labelledHash('salt', id(recordSalt)));
