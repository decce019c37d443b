import { access, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { CarelatticeError } from '../errors.ts';
import {
  checked,
  type Environment,
  fromEnvironment,
  httpUrl,
  milliseconds,
  path,
  port,
} from './settings.ts';

/** The file in a node's folder that says what it is. */
export const NODE_FILE = 'node.json';

const nodeFile = z.strictObject({
  /** What operators read, 1 to 64 bytes. */
  name: z.string().min(1, 'a name').max(64, 'a name of at most 64 characters'),
  role: z.enum(['recording', 'consensus'], { error: 'recording or consensus' }),
  /** As the registry has it: commands tell nodes of one name apart by it. */
  nodeId: z
    .custom<`0x${string}`>(
      (value) => typeof value === 'string' && /^0x[0-9a-f]{64}$/.test(value),
      'an id: 0x and 64 lower-case hex digits',
    )
    .optional(),
  /** Of the network, as `deploy-network` writes it. */
  manifest: path,
  rpcUrl: httpUrl,
  /** Address to listen on; the default is reached from this machine only. */
  listenHost: z.string().min(1, 'an IP address').default('127.0.0.1'),
  listenPort: port,
  keystore: path.default('keystore.json'),
  passwordFile: path.default('password'),
  tlsKey: path.default('tls-key.pem'),
  /** Folder of journal and store. */
  data: path.default('data'),
  /** Milliseconds between two looks at the chain when nothing else wakes the node. */
  pollMs: milliseconds.default(500),
  /** New requests of one reader about one patient that are taken in a day of chain time. */
  readsADay: z
    .int({ error: 'a whole number from 1 to 1000000' })
    .min(1, 'a whole number from 1 to 1000000')
    .max(1_000_000, 'a whole number from 1 to 1000000')
    .default(1_000),
});

/** The file in a reader's folder: it has keys and no node. */
export const READER_FILE = 'reader.json';

const readerFile = z.strictObject({
  name: z.string().min(1, 'a name').max(64, 'a name of at most 64 characters'),
  keystore: path.default('keystore.json'),
  passwordFile: path.default('password'),
});

/** Whose keys lie in a folder: a node's or a reader's. */
export type KeyFolder = Pick<NodeConfig, 'name' | 'keystore' | 'passwordFile'>;

/** A folder with keys, of a reader or of a node that reads elsewhere. @throws as `loadConfig` */
export async function loadKeyFolder(env: Environment, folder: string): Promise<KeyFolder> {
  const file = join(folder, READER_FILE);
  if (!(await isThere(file))) return loadConfig(env, folder);
  const { name, keystore, passwordFile } = checked(readerFile, await readJson(file), file);
  const base = resolve(folder);
  return { name, keystore: resolve(base, keystore), passwordFile: resolve(base, passwordFile) };
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

export type NodeConfig = Readonly<z.infer<typeof nodeFile>>;

const PATHS = ['manifest', 'keystore', 'passwordFile', 'tlsKey', 'data'] as const;
const OVERRIDES = [
  'rpcUrl',
  'listenHost',
  'listenPort',
  'data',
  'pollMs',
  'passwordFile',
  'readsADay',
] as const;

/**
 * A node's configuration: its file, over it the environment, under it the defaults. Relative paths start
 * at the file's folder, those of the environment at the working directory; the result has absolute ones.
 * @throws `NoConfig`, `BadConfig`, `UnknownConfigKey`
 */
export async function loadConfig(env: Environment, folder: string): Promise<NodeConfig> {
  const file = join(folder, NODE_FILE);
  const config = checked(nodeFile, { ...(await readJson(file)), ...overrides(env) }, file);
  const base = resolve(dirname(file));
  const absolute = Object.fromEntries(PATHS.map((key) => [key, resolve(base, config[key])]));
  return Object.freeze({ ...config, ...absolute });
}

function overrides(env: Environment): Record<string, unknown> {
  const given = fromEnvironment(env, OVERRIDES);
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => [
      key,
      (PATHS as readonly string[]).includes(key) && typeof value === 'string'
        ? resolve(value)
        : value,
    ]),
  );
}

async function readJson(file: string): Promise<object> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new CarelatticeError(
      'NoConfig',
      'there is no node here; name the folder that deploy-network made for it',
      { facts: { file }, cause },
    );
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (cause) {
    throw badJson(file, cause);
  }
  throw badJson(file);
}

const badJson = (file: string, cause?: unknown): CarelatticeError =>
  new CarelatticeError('BadConfig', 'the configuration is no JSON object; correct the file', {
    facts: { source: file },
    cause,
  });
