import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { CarelatticeError } from '../../errors.ts';
import { concat, utf8, type Hex } from '../../hash/bytes.ts';
import { tlsKeyHashOf } from '../../courier/tlsKeyHash.node.ts';

/** A node's TLS key and self-signed certificate. Peers pin the key by its hash; dates and names are not checked. */
export interface TlsIdentity {
  /** PEM. */
  readonly certificate: string;
  /** PKCS #8 PEM; secret: it lies in the keystore only. */
  readonly privateKey: string;
  /** SHA-256 of the public key's SubjectPublicKeyInfo, as `NodeRegistry` holds it. */
  readonly keyHash: Hex;
}

/** DER (X.690): tag, length, content. */
function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = concat(...contents);
  const size: number[] = [];
  for (let rest = content.length; rest > 0; rest >>= 8) size.unshift(rest & 0xff);
  const head = content.length < 128 ? [tag, content.length] : [tag, 0x80 | size.length, ...size];
  return concat(Uint8Array.from(head), content);
}

const sequence = (...parts: readonly Uint8Array[]): Uint8Array => der(0x30, ...parts);
const set = (...parts: readonly Uint8Array[]): Uint8Array => der(0x31, ...parts);
const bitString = (bytes: Uint8Array): Uint8Array => der(0x03, Uint8Array.of(0), bytes);
const oid = (...bytes: readonly number[]): Uint8Array => der(0x06, Uint8Array.from(bytes));
const TRUE = der(0x01, Uint8Array.of(0xff));

/** 1.2.840.10045.4.3.2: ecdsa-with-SHA256. */
const ECDSA_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
/** 2.5.4.3: common name. */
const COMMON_NAME = oid(0x55, 0x04, 0x03);
/** 2.5.29.19, critical: no certificate authority. */
const NO_AUTHORITY = sequence(oid(0x55, 0x1d, 0x13), TRUE, der(0x04, sequence()));
/** 2.5.29.15, critical: digitalSignature. */
const SIGNS = sequence(oid(0x55, 0x1d, 0x0f), TRUE, der(0x04, der(0x03, Uint8Array.of(7, 0x80))));
/** From 2020 without an end (RFC 5280 4.1.2.5): what counts is the key in the registry. */
const VALIDITY = sequence(der(0x17, utf8('200101000000Z')), der(0x18, utf8('99991231235959Z')));

const pem = (label: string, bytes: Uint8Array): string => {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
};

/** A positive serial number of 16 random bytes. */
function serialNumber(): Uint8Array {
  const bytes = new Uint8Array(randomBytes(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return der(0x02, bytes);
}

function certify(key: KeyObject, commonName: string): string {
  const name = sequence(set(sequence(COMMON_NAME, der(0x0c, utf8(commonName)))));
  const version = der(0xa0, der(0x02, Uint8Array.of(2)));
  const extensions = der(0xa3, sequence(NO_AUTHORITY, SIGNS));
  const spki = new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }));
  const body = sequence(
    version,
    serialNumber(),
    ECDSA_SHA256,
    name,
    VALIDITY,
    name,
    spki,
    extensions,
  );
  const signature = new Uint8Array(sign('sha256', body, key));
  return pem('CERTIFICATE', sequence(body, ECDSA_SHA256, bitString(signature)));
}

function readKey(privateKey: string): KeyObject {
  try {
    const key = createPrivateKey(privateKey);
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  } catch {
    // What OpenSSL says of a broken key helps nobody and stays out of logs.
  }
  throw new CarelatticeError('BadTlsKey', 'this is no P-256 private key; make a new TLS identity');
}

/**
 * The identity of a kept TLS key: the certificate is made anew, the hash of the key stays.
 * @param privateKey PKCS #8 PEM of a P-256 key
 * @param commonName what operators see in a certificate viewer, 1 to 64 bytes, such as the node's name
 * @throws `BadTlsKey`, `BadTlsName`
 */
export function tlsIdentityOf(privateKey: string, commonName: string): TlsIdentity {
  const size = utf8(commonName).length;
  if (size === 0 || size > 64) {
    throw new CarelatticeError('BadTlsName', 'a TLS name has 1 to 64 bytes', { facts: { size } });
  }
  const certificate = certify(readKey(privateKey), commonName);
  return { certificate, privateKey, keyHash: tlsKeyHashOf(new X509Certificate(certificate)) };
}

/** A new P-256 key with its certificate. @throws `BadTlsName` */
export function newTlsIdentity(commonName: string): TlsIdentity {
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return tlsIdentityOf(privateKey, commonName);
}
