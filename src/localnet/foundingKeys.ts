import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { keySigner } from '../chain/signTransaction.ts';
import type { TransactionSigner } from '../chain/signTransaction.ts';
import { deriveKemKeyPair, registeredKemKey } from '../crypto/hpkeSealing.ts';
import { createNodeKeystore } from '../crypto/nodeKeystore.node.ts';
import { randomBytes } from '../crypto/random.ts';
import { createSecretFile } from '../crypto/secretFile.node.ts';
import { toHex, ZERO_32 } from '../hash/bytes.ts';
import { newTlsIdentity } from '../node/doors/tlsIdentity.node.ts';
import { HYBRID_SUITE } from '../wire/kemSuite.ts';
import type { NodeDescriptor } from './foundingCeremony.ts';

/** A node as the founders name it. */
export interface FoundingNode {
  /** 1 to 64 bytes: what operators and the certificate show. */
  readonly name: string;
  readonly role: NodeDescriptor['role'];
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
 * `tls-key.pem`. @throws `SecretFileExists`
 */
export async function foundNode(folder: string, node: FoundingNode): Promise<NodeDescriptor> {
  await mkdir(folder, { recursive: true });
  const privateKey = randomBytes(32);
  const seed = randomBytes(32);
  const password = Buffer.from(randomBytes(32)).toString('base64url');
  const tls = newTlsIdentity(node.name);
  const { publicKey } = await deriveKemKeyPair(HYBRID_SUITE, seed);
  await createSecretFile(join(folder, 'password'), `${password}\n`);
  await createSecretFile(join(folder, 'tls-key.pem'), tls.privateKey);
  await createNodeKeystore(join(folder, 'keystore.json'), password, {
    signing: [{ keyEpoch: 1, privateKey }],
    kem: [{ keyEpoch: 1, suite: HYBRID_SUITE, seed }],
  });
  return {
    ...node,
    signingKey: keySigner(toHex(privateKey)).account,
    nonce: toHex(randomBytes(32)),
    kemKey: registeredKemKey(publicKey),
    tlsKeyHash: tls.keyHash,
    licenceHash: ZERO_32,
  };
}

/** Makes the key of a member of the consortium and keeps it as hex. @throws `SecretFileExists` */
export async function foundMember(path: string): Promise<TransactionSigner> {
  const privateKey = toHex(randomBytes(32));
  await createSecretFile(path, `${privateKey}\n`);
  return keySigner(privateKey);
}
