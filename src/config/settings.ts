import { z } from 'zod';
import { CarelatticeError } from '../errors.ts';

/** Where configuration comes from: files of JSON and `CARELATTICE_*` of the environment, which wins. */

/** The environment, given as an argument so that tests need not touch the process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process: the one place that reads it. */
export const processEnvironment = (): Environment => ({ ...process.env });

export const httpUrl = z.url({
  protocol: /^https?$/,
  error: 'a URL that begins with http:// or https://',
});
export const port = z
  .int({ error: 'a whole number from 1 to 65535' })
  .min(1, 'a port from 1 to 65535')
  .max(65_535, 'a port from 1 to 65535');
export const path = z.string().min(1, 'a path');
export const networkName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens, at most 63');
export const milliseconds = z
  .int({ error: 'whole milliseconds from 20 to 60000' })
  .min(20, 'whole milliseconds from 20 to 60000')
  .max(60_000, 'whole milliseconds from 20 to 60000');

/** All variables of the environment that any command reads; another `CARELATTICE_*` is a typing error. */
export const VARIABLES = {
  rpcUrl: 'CARELATTICE_RPC_URL',
  network: 'CARELATTICE_NETWORK',
  deployments: 'CARELATTICE_DEPLOYMENTS',
  firstPort: 'CARELATTICE_FIRST_PORT',
  listenHost: 'CARELATTICE_LISTEN_HOST',
  listenPort: 'CARELATTICE_LISTEN_PORT',
  data: 'CARELATTICE_DATA',
  pollMs: 'CARELATTICE_POLL_MS',
  readsADay: 'CARELATTICE_READS_A_DAY',
  passwordFile: 'CARELATTICE_PASSWORD_FILE',
  passphraseFile: 'CARELATTICE_PASSPHRASE_FILE',
  fhirData: 'CARELATTICE_FHIR_DATA',
} as const;

const NUMBERS: ReadonlySet<string> = new Set<keyof typeof VARIABLES>([
  'firstPort',
  'listenPort',
  'pollMs',
  'readsADay',
]);

/**
 * What the environment sets of `keys`, numbers as numbers; an empty variable sets nothing.
 * @throws `UnknownConfigKey` for a `CARELATTICE_*` that no command reads
 */
export function fromEnvironment(
  env: Environment,
  keys: readonly (keyof typeof VARIABLES)[],
): Record<string, unknown> {
  const known: ReadonlySet<string> = new Set(Object.values(VARIABLES));
  const strange = Object.keys(env).filter(
    (name) => name.startsWith('CARELATTICE_') && !known.has(name),
  );
  if (strange.length > 0) throw unknownKeys('environment', strange, [...known]);
  return Object.fromEntries(
    keys.flatMap((key) => {
      const value = env[VARIABLES[key]];
      if (value === undefined || value === '') return [];
      return [[key, NUMBERS.has(key) && /^\d+$/.test(value) ? Number(value) : value]];
    }),
  );
}

/** @throws `UnknownConfigKey`, `BadConfig` naming each wrong key and what it wants */
export function checked<T extends object>(
  schema: z.ZodType<T>,
  value: unknown,
  source: string,
): Readonly<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return Object.freeze(parsed.data);
  const { issues } = parsed.error;
  const strange = issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []));
  if (strange.length > 0) throw unknownKeys(source, strange, []);
  const wrong = issues.map(({ path: at, message }) => `${at.join('.') || 'all of it'}: ${message}`);
  throw new CarelatticeError('BadConfig', `the configuration is wrong; ${wrong.join('; ')}`, {
    facts: { source },
  });
}

const unknownKeys = (source: string, keys: readonly string[], known: readonly string[]) =>
  new CarelatticeError(
    'UnknownConfigKey',
    `nothing reads ${keys.join(', ')}; remove it or correct its spelling`,
    { facts: { source, ...(known.length > 0 ? { known } : {}) } },
  );
