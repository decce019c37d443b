import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { keySigner } from '../chain/signTransaction.ts';
import type { TransactionSigner } from '../chain/signTransaction.ts';
import { deriveKemKeyPair, registeredKemKey } from '../crypto/hpkeSealing.ts';
import { createNodeKeystore } from '../crypto/nodeKeystore.node.ts';
import { randomBytes } from '../crypto/random.ts';
import { createSecretFile } from '../crypto/secretFile.node.ts';
import { type Hex, toHex, ZERO_32 } from '../hash/bytes.ts';
import { newTlsIdentity } from '../node/doors/tlsIdentity.node.ts';
import { HYBRID_SUITE } from '../wire/kemSuite.ts';
import type { NodeDescriptor } from './foundingCeremony.ts';

/** A node as the founders name it. */
export interface FoundingNode {
  /** 1 to 64 bytes: what operators and the certificate show. */
  readonly name: string;
  readonly role: NodeDescriptor['role'];
  /** Empty for readers and observers, who serve nobody. */
  readonly endpoint: string;
}

/** A folder of its own for each node, whatever letters its name has. */
export function folderNameOf(index: number, name: string): string {
  const readable = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return ['node', String(index + 1).padStart(2, '0'), readable].filter(Boolean).join('-');
}

/**
 * Makes a node's keys and keeps them in the folder: `keystore.json` under the password in `password`, and
 * `tls-key.pem` where it has an endpoint. @throws `SecretFileExists`
 */
export async function foundNode(folder: string, node: FoundingNode): Promise<NodeDescriptor> {
  await mkdir(folder, { recursive: true });
  const privateKey = randomBytes(32);
  const seed = randomBytes(32);
  const password = Buffer.from(randomBytes(32)).toString('base64url');
  const { publicKey } = await deriveKemKeyPair(HYBRID_SUITE, seed);
  await createSecretFile(join(folder, 'password'), `${password}\n`);
  const tlsKeyHash = node.endpoint === '' ? ZERO_32 : await makeTlsKey(folder, node.name);
  await createNodeKeystore(join(folder, 'keystore.json'), password, {
    signing: [{ keyEpoch: 1, privateKey }],
    kem: [{ keyEpoch: 1, suite: HYBRID_SUITE, seed }],
  });
  return {
    ...node,
    signingKey: keySigner(toHex(privateKey)).account,
    nonce: toHex(randomBytes(32)),
    kemKey: registeredKemKey(publicKey),
    tlsKeyHash,
    licenceHash: ZERO_32,
  };
}

async function makeTlsKey(folder: string, name: string): Promise<Hex> {
  const { privateKey, keyHash } = newTlsIdentity(name);
  await createSecretFile(join(folder, 'tls-key.pem'), privateKey);
  return keyHash;
}

/** Makes the key of a member of the consortium and keeps it as hex. @throws `SecretFileExists` */
export async function foundMember(path: string): Promise<TransactionSigner> {
  const privateKey = toHex(randomBytes(32));
  await createSecretFile(path, `${privateKey}\n`);
  return keySigner(privateKey);
}
