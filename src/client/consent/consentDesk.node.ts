import { edgeContracts } from '../../chain/contracts.ts';
import { httpRpc } from '../../chain/httpRpc.ts';
import type { Manifest } from '../../chain/manifest.ts';
import { loadManifest } from '../../chain/manifestFile.ts';
import type { Hex } from '../../hash/bytes.ts';
import { type ConsentState, consentState } from './consentState.ts';
import { type HttpsWays, httpsWays } from '../httpsWays.node.ts';
import { terminalOf } from '../terminal.node.ts';
import { slotSecret } from '../wallet/unlock.node.ts';
import type { Wallet } from '../wallet/wallet.ts';
import { openWalletFile, replaceWalletFile } from '../wallet/walletFile.node.ts';

/** A patient's wallet in a running network, for commands about her consents. */
export interface ConsentDesk {
  readonly wallet: Wallet;
  readonly manifest: Pick<Manifest, 'name' | 'federationId' | 'networkId' | 'chainId'> & {
    readonly contracts: { readonly ConsentRegistry: { readonly address: Hex } };
  };
  readonly ways: Pick<HttpsWays, 'transport' | 'consensus' | 'nodes' | 'now' | 'random' | 'pause'>;
  readonly state: ConsentState;
  /** Writes the wallet back; before anybody learns of what it has signed. */
  save(): Promise<void>;
}

/** The same with every way into the network, for her other commands. */
export interface WalletDesk extends ConsentDesk, Disposable {
  readonly manifest: Manifest;
  readonly ways: HttpsWays;
}

/** Opens wallet and network. @throws as `loadManifest`, `slotSecret`, `openWalletFile` and `httpsWays` */
export async function openDesk(
  config: { readonly rpcUrl: string; readonly passphraseFile?: string | undefined },
  manifestFile: string,
  walletFile: string,
): Promise<WalletDesk> {
  const rpc = httpRpc(config.rpcUrl);
  const manifest = await loadManifest(manifestFile, rpc);
  const terminal = terminalOf(process.stdin, process.stderr);
  const wallet = await openWalletFile(
    walletFile,
    await slotSecret('passphrase', { ...config, terminal }),
  );
  const ways = await httpsWays(manifest, rpc);
  return {
    wallet,
    manifest,
    ways,
    state: consentState(edgeContracts(manifest, rpc)),
    save: () => replaceWalletFile(walletFile, wallet),
    [Symbol.dispose]() {
      ways.close();
    },
  };
}
