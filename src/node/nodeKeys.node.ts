import type { KeyFolder, NodeConfig } from '../config/nodeConfig.ts';
import type { Manifest } from '../chain/manifest.ts';
import { readNodeKeystore, readPasswordFile } from '../crypto/nodeKeystore.node.ts';
import { readSecretFile } from '../crypto/secretFile.node.ts';
import { accountOf } from '../crypto/signatures.ts';
import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { hkdf } from '../hash/labelled.ts';
import type { Self } from './components.ts';
import { type TlsIdentity, tlsIdentityOf } from './doors/tlsIdentity.node.ts';

/** A node's keys as its folder has them; which node they are stands in the registry. */
export interface NodeKeyRing {
  readonly identity: TlsIdentity;
  /** This node under the id that the registry gives its account. */
  selfAs(nodeId: Hex, manifest: Manifest): Self;
  readonly account: Hex;
}

/** The newest keys of a folder, and the oldest one, which stays there when keys are rotated. */
async function readNewestKeys(config: KeyFolder) {
  const password = await present(config.passwordFile, readPasswordFile);
  const { signing, kem } = await present(config.keystore, (path) =>
    readNodeKeystore(path, password),
  );
  const [first, newest, newestKem] = [signing[0], signing.at(-1), kem.at(-1)];
  if (first === undefined || newest === undefined || newestKem === undefined) {
    throw new CarelatticeError('BadKeystore', 'the keystore holds no signing or no KEM key', {
      facts: { path: config.keystore },
    });
  }
  return { first, newest, newestKem, account: accountOf(newest.privateKey) };
}

/**
 * Reads keystore, password and TLS key.
 * @throws `KeyFileMissing`, `BadKeystore`, `WrongPassword`, `PasswordMissing`, `SecretFileExposed`, `BadTlsKey`
 */
export async function readNodeKeys(config: NodeConfig): Promise<NodeKeyRing> {
  const { first, newest, newestKem, account } = await readNewestKeys(config);
  const tlsKey = await present(config.tlsKey, readSecretFile);
  return {
    identity: tlsIdentityOf(tlsKey, config.name),
    account,
    selfAs: (nodeId, { federationId, networkId, chainId }) => ({
      nodeId,
      name: config.name,
      network: { federationId, networkId, chainId },
      account,
      signingKey: newest.privateKey,
      keyEpoch: newest.keyEpoch,
      kemKeyEpoch: newestKem.keyEpoch,
      kemSeed: newestKem.seed,
      // Of the oldest key: the journal stays readable.
      journalKey: hkdf(first.privateKey, 'journal-key'),
    }),
  };
}

/** What a reader signs and opens with. */
export interface ReaderKeys {
  readonly account: Hex;
  readonly signingKey: Uint8Array;
  readonly kemSeed: Uint8Array;
}

/** The keys of a reader, or of a node that reads elsewhere. @throws as `readNodeKeys` */
export async function readReaderKeys(folder: KeyFolder): Promise<ReaderKeys> {
  const { newest, newestKem, account } = await readNewestKeys(folder);
  return { account, signingKey: newest.privateKey, kemSeed: newestKem.seed };
}

async function present<T>(path: string, read: (path: string) => Promise<T>): Promise<T> {
  try {
    return await read(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new CarelatticeError('KeyFileMissing', 'a file with a key of this node is missing', {
        facts: { path },
        cause: error,
      });
    }
    throw error;
  }
}
