import type { BlockHeader } from '../chain/blocks.ts';
import type { EdgeContracts } from '../chain/contracts.ts';
import type { Sender } from '../chain/sender.ts';
import type { Courier } from '../courier/courier.ts';
import type { Random } from '../domain/random.ts';
import type { Reached } from '../domain/steps.ts';
import type { Hex } from '../hash/bytes.ts';
import type { AuthorTables } from '../journal/authorTables.ts';
import type { ChainTables } from '../journal/chainTables.ts';
import type { ConsensusTables } from '../journal/consensusTables.ts';
import type { Database } from '../journal/database.ts';
import type { EmergencyTables } from '../journal/emergencyTables.ts';
import type { HoldingTables } from '../journal/holdingTables.ts';
import type { InboxTables } from '../journal/inboxTables.ts';
import type { KnownNode } from '../domain/knownNode.ts';
import type { NodeTable } from '../journal/nodeTable.ts';
import type { ErasureTables } from '../journal/erasureTables.ts';
import type { ReceiptTables } from '../journal/receiptTables.ts';
import type { ContentStore } from '../store/contentStore.ts';
import type { GatewayClient } from '../store/gatewayClient.ts';

/** Which network a node belongs to. */
export interface NetworkId {
  federationId: Hex;
  networkId: Hex;
  chainId: number;
}

/** A node's own name and keys. */
export interface Self {
  nodeId: Hex;
  name: string;
  network: NetworkId;
  account: Hex;
  signingKey: Uint8Array;
  keyEpoch: number;
  /** Epoch and seed of the KEM key pair. */
  kemKeyEpoch: number;
  kemSeed: Uint8Array;
  /** Seals what the journal keeps, and blinds patients' identifiers in the look-up. */
  journalKey: Uint8Array;
}

/** Seconds of block time (`docs/protocol.md`, Rounds). */
export interface Windows {
  roundSeconds: number;
  answerRounds: number;
  takeOverSeconds: number;
  tagEpochSeconds: number;
  auditSeconds: number;
}

/** Everything a step needs, as one record: a test gives others. */
export interface Components {
  self: Self;
  windows: Windows;
  db: Database;
  seen: ChainTables;
  nodes: NodeTable;
  holding: HoldingTables;
  author: AuthorTables;
  consensus: ConsensusTables;
  /** This node's log of who read what. */
  receipts: ReceiptTables;
  emergencies: EmergencyTables;
  /** Notices that wait for patients. */
  inbox: InboxTables;
  erasures: ErasureTables;
  contracts: EdgeContracts;
  sender: Sender;
  courier: Pick<Courier, 'send' | 'request' | 'flush'>;
  store: ContentStore;
  /** Another node's gateway; `groundOf` gives what is shown for a content's owner. */
  gateway(nodeId: Hex, groundOf: (owner: string) => string | undefined): GatewayClient;
  random: Random;
  /** New requests of a reader about one patient that this node takes in a day of chain time. */
  readsADay: number;
  /** Chain time of the newest final block seen, in seconds. */
  now(): number;
  /** Seconds of this machine's clock: tells whether the chain stands still, nothing else. */
  ownClock(): number;
  /** What the own clock showed when chain time was last seen to move; undefined before, in this run. */
  chainMovedAt(): number | undefined;
  /** The newest block, asked now. */
  head(): Promise<BlockHeader>;
  /** The consensus node of the present term. */
  active(): { term: number; nodeId: Hex; since: number } | undefined;
  reached: Reached;
  log: Log;
}

/** What an operator reads: an event and facts, never keys, plaintext or patients' identifiers. */
export type Log = (event: string, facts?: Record<string, string | number>) => void;

/** Nodes that answer and settle: recording and index nodes that are admitted, past their delay, and not suspended. */
export const answeringNodes = ({ nodes, now }: Pick<Components, 'nodes' | 'now'>): KnownNode[] =>
  nodes
    .all()
    .filter((node) => node.position >= 0 && node.state === 'admitted' && node.activeFrom <= now())
    .sort((a, b) => a.position - b.position);
