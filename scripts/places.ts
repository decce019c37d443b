import { loadDeployment, manifestOf, walletOf } from '../src/config/deployment.ts';
import { processEnvironment } from '../src/config/settings.ts';

/** Options of commands that open a wallet in a running network. */
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

export const print = (lines: readonly string[]): void => {
  for (const line of lines) console.log(line);
};
