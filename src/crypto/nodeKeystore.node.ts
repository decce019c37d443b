import { readFile } from 'node:fs/promises';
import { scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { aeadOpen, aeadSeal } from '#aead';
import { CarelatticeError, hasCode } from '../errors.ts';
import { fromHex, toHex, utf8, type Hex } from '../hash/bytes.ts';
import { abiDecode, abiEncode } from '../wire/abi.ts';
import { randomBytes } from './random.ts';
import { createSecretFile, readSecretFile, replaceSecretFile } from './secretFile.node.ts';

/** A node's secp256k1 key of one epoch, 32 bytes; its account is the node's chain account. */
export interface SigningKey {
  readonly keyEpoch: number;
  readonly privateKey: Uint8Array;
}

/** The seed, 32 bytes, of a node's KEM key pair of one epoch. */
export interface KemSeed {
  readonly keyEpoch: number;
  readonly suite: number;
  readonly seed: Uint8Array;
}

/** A node's keys, oldest epoch first: retired ones still open, only the newest seal and sign. */
export interface NodeKeys {
  readonly signing: readonly SigningKey[];
  readonly kem: readonly KemSeed[];
}

/**
 * The keystore is a JSON file of mode 0600: AES-256-GCM of `abi.encode((uint32 epoch, bytes32 key)[],
 * (uint32 epoch, uint8 suite, bytes32 seed)[])` under scrypt (RFC 7914, r = 8, p = 1) of a password.
 */
interface KeystoreFile {
  readonly version: 1;
  readonly kdf: 'scrypt';
  readonly cost: number;
  readonly salt: Hex;
  readonly nonce: Hex;
  readonly sealed: Hex;
}

const TYPES = ['(uint32,bytes32)[]', '(uint32,uint8,bytes32)[]'];
const AAD = utf8('carelattice/v1/keystore');
/** 128 MiB and about 0.7 s per guess. */
const COST = 2 ** 17;
const LEAST_COST = 2 ** 10;
const MOST_COST = 2 ** 20;

const scryptOf = promisify<string, Uint8Array, number, object, Buffer>(scrypt);

const passwordKey = async (password: string, salt: Uint8Array, cost: number): Promise<Uint8Array> =>
  scryptOf(password.normalize('NFC'), salt, 32, {
    cost,
    blockSize: 8,
    parallelization: 1,
    maxmem: 129 * 8 * cost + 2 ** 20,
  });

/** The first line of a password file. @throws `PasswordMissing` */
export async function readPasswordFile(path: string): Promise<string> {
  const [password = ''] = (await readFile(path, 'utf8')).split(/\r?\n/);
  if (password === '') {
    throw new CarelatticeError('PasswordMissing', 'the password file is empty', {
      facts: { path },
    });
  }
  return password;
}

async function seal(keys: NodeKeys, password: string, cost: number): Promise<string> {
  const salt = randomBytes(32);
  const nonce = randomBytes(12);
  const plain = abiEncode(TYPES, [
    keys.signing.map((key) => [key.keyEpoch, key.privateKey]),
    keys.kem.map((key) => [key.keyEpoch, key.suite, key.seed]),
  ]);
  const sealed = aeadSeal(await passwordKey(password, salt, cost), nonce, AAD, plain);
  const file: KeystoreFile = {
    version: 1,
    kdf: 'scrypt',
    cost,
    salt: toHex(salt),
    nonce: toHex(nonce),
    sealed: toHex(sealed),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** Writes the first keystore of a node. @throws `SecretFileExists`, `BadAbi` when a key has another length */
export async function createNodeKeystore(
  path: string,
  password: string,
  keys: NodeKeys,
  cost: number = COST,
): Promise<void> {
  await createSecretFile(path, await seal(keys, password, cost));
}

/** Replaces the keystore, for new epochs or a new password. @throws `BadAbi` when a key has another length */
export async function replaceNodeKeystore(
  path: string,
  password: string,
  keys: NodeKeys,
  cost: number = COST,
): Promise<void> {
  await replaceSecretFile(path, await seal(keys, password, cost));
}

const isHex = (value: unknown, bytes?: number): value is Hex =>
  typeof value === 'string' &&
  /^0x([0-9a-f]{2})*$/.test(value) &&
  (bytes === undefined || value.length === 2 + 2 * bytes);

function isCost(value: unknown): value is number {
  if (typeof value !== 'number' || value < LEAST_COST || value > MOST_COST) return false;
  return Number.isInteger(Math.log2(value));
}

function parseKeystore(text: string, path: string): KeystoreFile {
  const malformed = (): CarelatticeError =>
    new CarelatticeError('BadKeystore', 'the file is no keystore', { facts: { path } });
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw malformed(); // the parser's message quotes the file, which may be another one with keys
  }
  if (typeof file !== 'object' || file === null) throw malformed();
  const { version, kdf, cost, salt, nonce, sealed } = file as Partial<KeystoreFile>; // checked next
  const isKeystore =
    version === 1 &&
    kdf === 'scrypt' &&
    isCost(cost) &&
    isHex(salt, 32) &&
    isHex(nonce, 12) &&
    isHex(sealed);
  if (!isKeystore) throw malformed();
  return { version, kdf, cost, salt, nonce, sealed };
}

/** @throws `BadKeystore`, `WrongPassword` (or a changed file), `SecretFileExposed` */
export async function readNodeKeystore(path: string, password: string): Promise<NodeKeys> {
  const file = parseKeystore(await readSecretFile(path), path);
  const key = await passwordKey(password, fromHex(file.salt), file.cost);
  let plain: Uint8Array;
  try {
    plain = aeadOpen(key, fromHex(file.nonce), AAD, fromHex(file.sealed));
  } catch (error) {
    if (!hasCode(error, 'OpeningFailed')) throw error;
    throw new CarelatticeError('WrongPassword', 'the password does not open the keystore', {
      facts: { path },
    });
  }
  // The decoder gives what the types name, or throws.
  const [signing, kem] = abiDecode(TYPES, plain) as [[bigint, Hex][], [bigint, bigint, Hex][]];
  return {
    signing: signing.map(([epoch, privateKey]) => ({
      keyEpoch: Number(epoch),
      privateKey: fromHex(privateKey),
    })),
    kem: kem.map(([epoch, suite, seed]) => ({
      keyEpoch: Number(epoch),
      suite: Number(suite),
      seed: fromHex(seed),
    })),
  };
}
