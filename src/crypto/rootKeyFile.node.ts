import { CarelatticeError } from '../errors.ts';
import { fromHex, toHex } from '../hash/bytes.ts';
import { createSecretFile, readSecretFile } from './secretFile.node.ts';

/** The patient's root key, 32 bytes, in one local file (mode 0600) as a line of hex: for scripts and the demo. */

/** @throws `BadRootKey`, `SecretFileExists` */
export async function writeRootKeyFile(path: string, rootKey: Uint8Array): Promise<void> {
  if (rootKey.length !== 32) throw new CarelatticeError('BadRootKey', 'a root key has 32 bytes');
  await createSecretFile(path, `${toHex(rootKey)}\n`);
}

/** @throws `BadRootKey` when the file holds anything else, `SecretFileExposed` */
export async function readRootKeyFile(path: string): Promise<Uint8Array> {
  const text = (await readSecretFile(path)).trim();
  if (!/^0x[0-9a-f]{64}$/.test(text)) {
    throw new CarelatticeError('BadRootKey', 'the file holds no root key', { facts: { path } });
  }
  return fromHex(text);
}
