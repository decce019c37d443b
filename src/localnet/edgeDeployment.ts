import type { Finality } from '../chain/finality.ts';
import type { Manifest } from '../chain/manifest.ts';
import type { Rpc } from '../chain/rpc.ts';
import type { TransactionSigner } from '../chain/signTransaction.ts';
import type { Hex } from '../hash/bytes.ts';
import type { NodeDescriptor } from './foundingCeremony.ts';

/** Seconds of block time, rounds for `answerRounds`; what is left out is as in `docs/protocol.md`. */
export interface WindowOverrides {
  readonly roundSeconds?: number;
  readonly answerRounds?: number;
  readonly takeOverSeconds?: number;
  readonly forceSeconds?: number;
  readonly tagEpochSeconds?: number;
  readonly auditSeconds?: number;
  readonly admissionDelay?: number;
}

export interface EdgeDeployment {
  /** A node whose first account is unlocked: a local chain, `hardhat node`, `geth --dev`. */
  readonly rpc: Rpc;
  readonly rpcUrls?: readonly string[];
  readonly name: string;
  readonly profile: Manifest['profile'];
  readonly chainId: number;
  readonly federationId: Hex;
  readonly networkId: Hex;
  readonly finality?: Finality;
  /** Members of the consortium; `threshold` of them sign the founding proposal here. */
  readonly members: readonly TransactionSigner[];
  readonly threshold: number;
  /** Nodes to admit at once, in this order. */
  readonly nodes: readonly NodeDescriptor[];
  readonly windows?: WindowOverrides;
  /** Makes a block now, so that nobody waits for a chain that mines at an interval. */
  readonly mine?: (() => Promise<void>) | undefined;
}
