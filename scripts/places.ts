import { loadDeployment, manifestOf, walletOf } from '../src/config/deployment.ts';
import { processEnvironment } from '../src/config/settings.ts';
import { CarelatticeError } from '../src/errors.ts';

/** What commands share: options of a network and a wallet, acts, lines. */
export const text = { type: 'string' } as const;
export const texts = { type: 'string', multiple: true } as const;
export const PLACE = { rpc: text, network: text, deployments: text } as const;
export const WALLET = { wallet: text, 'passphrase-file': text } as const;
export const PLACE_USAGE = '[--rpc URL] [--network NAME] [--deployments DIR]';
export const WALLET_USAGE = '[--wallet FILE] [--passphrase-file FILE]';

interface Given {
  readonly rpc?: string | undefined;
  readonly network?: string | undefined;
  readonly deployments?: string | undefined;
  readonly wallet?: string | undefined;
  readonly 'passphrase-file'?: string | undefined;
}

/** Where the network and the wallet are. @throws as `loadDeployment` */
export function placesOf({ rpc: rpcUrl, network, deployments, wallet, ...given }: Given) {
  const passphraseFile = given['passphrase-file'];
  const config = loadDeployment(processEnvironment(), {
    ...{ rpcUrl, network, deployments, passphraseFile },
  });
  return { config, manifestFile: manifestOf(config), walletFile: wallet ?? walletOf(config) };
}

type Act = (args: readonly string[]) => Promise<void>;

/** Runs the one of a command's acts that its first argument names. @throws `UnknownOption`, and as the act */
export async function runAct(
  command: string,
  acts: Readonly<Record<string, Act>>,
  [name = '', ...args]: readonly string[],
): Promise<void> {
  const act = Object.hasOwn(acts, name) ? acts[name] : undefined;
  if (act !== undefined) return act(args);
  const usage = `npm run ${command} -- (${Object.keys(acts).join(' | ')}) ...`;
  throw new CarelatticeError('UnknownOption', `say which of them: ${name}. Usage: ${usage}`);
}

export const print = (lines: readonly string[]): void => {
  for (const line of lines) console.log(line);
};
