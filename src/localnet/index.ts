/** Chains and nodes on one machine, for development and tests. Needs Hardhat beside the package. */
export { deployEdge } from './deployEdge.ts';
export {
  type LocalNetwork,
  type LocalNetworkOptions,
  type LocalNode,
  startNetwork,
} from './network.ts';
export { startSimulatedChain } from './simulatedChain.ts';
export { startAnvilChain } from './anvilChain.ts';
