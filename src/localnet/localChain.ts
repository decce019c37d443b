import { HDNodeWallet, Mnemonic } from 'ethers';
import type { Rpc } from '../chain/rpc.ts';
import type { Hex } from '../hash/bytes.ts';

/** A funded account of a local chain; its key is public knowledge. */
export interface LocalAccount {
  readonly account: Hex;
  readonly privateKey: Hex;
}

/** How a local chain makes blocks: one per transaction, one per interval, or only when told to. */
export type Mining =
  | { readonly kind: 'perTransaction' }
  | { readonly kind: 'interval'; readonly seconds: number }
  | { readonly kind: 'onCall' };

/** A chain of one machine, for the demo and the tests. */
export interface LocalChain {
  readonly chainId: number;
  readonly rpc: Rpc;
  /** Loopback; undefined for a simulated chain that serves nobody outside the process. */
  readonly url: string | undefined;
  readonly accounts: readonly LocalAccount[];
  /** Makes blocks, whatever the way of mining. */
  mine(blocks?: number): Promise<void>;
  /** Unix time of the next block; it must be later than the newest one's. */
  setTime(seconds: number): Promise<void>;
  setBalance(account: Hex, wei: bigint): Promise<void>;
  stop(): Promise<void>;
}

/** The phrase that Hardhat and anvil document for development. */
export const MNEMONIC = 'test test test test test test test test test test test junk';

/** The first accounts of the development phrase. */
export function localAccounts(count: number): readonly LocalAccount[] {
  const root = HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(MNEMONIC), "m/44'/60'/0'/0");
  return Array.from({ length: count }, (_, index) => {
    const { address, privateKey } = root.deriveChild(index);
    // ethers writes both as hex with 0x, the key in lower case.
    return { account: address.toLowerCase() as Hex, privateKey: privateKey as Hex };
  });
}
