import type { Hex } from '../hash/bytes.ts';

/** A node of the network, as `NodeRegistry` tells it by its events. */
export interface KnownNode {
  nodeId: Hex;
  role: 'recording' | 'consensus' | 'index' | 'reader' | 'observer';
  name: string;
  account: Hex;
  keyEpoch: number;
  kemKey: Hex;
  kemKeyEpoch: number;
  tlsKeyHash: Hex;
  endpoint: string;
  /** Place among the recording and index nodes, the ones that answer and settle; -1 for others. */
  position: number;
  state: 'admitted' | 'suspended' | 'removed';
  activeFrom: number;
  /** Keys that signed before a rotation: still good for what they signed then. */
  formerAccounts: { keyEpoch: number; account: Hex }[];
}

/** The account with which a node signed in one of its key epochs. */
export const accountIn = (node: KnownNode, keyEpoch: number): Hex | undefined =>
  keyEpoch === node.keyEpoch
    ? node.account
    : node.formerAccounts.find((former) => former.keyEpoch === keyEpoch)?.account;
