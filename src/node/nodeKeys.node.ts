import type { NodeConfig } from '../config/nodeConfig.ts';
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

/**
 * Reads keystore, password and TLS key.
 * @throws `KeyFileMissing`, `BadKeystore`, `WrongPassword`, `PasswordMissing`, `SecretFileExposed`, `BadTlsKey`
 */
export async function readNodeKeys(config: NodeConfig): Promise<NodeKeyRing> {
  const password = await present(config.passwordFile, readPasswordFile);
  const { signing, kem } = await present(config.keystore, (path) =>
    readNodeKeystore(path, password),
  );
  const tlsKey = await present(config.tlsKey, readSecretFile);
  const [firstSigning, newestSigning, newestKem] = [signing[0], signing.at(-1), kem.at(-1)];
  if (firstSigning === undefined || newestSigning === undefined || newestKem === undefined) {
    throw new CarelatticeError('BadKeystore', 'the keystore holds no signing or no KEM key', {
      facts: { path: config.keystore },
    });
  }
  const account = accountOf(newestSigning.privateKey);
  return {
    identity: tlsIdentityOf(tlsKey, config.name),
    account,
    selfAs: (nodeId, { federationId, networkId, chainId }) => ({
      nodeId,
      name: config.name,
      network: { federationId, networkId, chainId },
      account,
      signingKey: newestSigning.privateKey,
      keyEpoch: newestSigning.keyEpoch,
      kemKeyEpoch: newestKem.keyEpoch,
      kemSeed: newestKem.seed,
      // Of the oldest key, which stays in the keystore when keys are rotated: the journal stays readable.
      journalKey: hkdf(firstSigning.privateKey, 'journal-key'),
    }),
  };
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
