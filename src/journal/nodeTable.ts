import type { KnownNode } from '../domain/knownNode.ts';
import type { Hex } from '../hash/bytes.ts';
import type { Database, Row } from './database.ts';

export interface NodeTable {
  put(node: KnownNode): void;
  byId(nodeId: Hex): KnownNode | undefined;
  byAccount(account: Hex): KnownNode | undefined;
  /** By place among the nodes that answer. */
  byPosition(position: number): KnownNode | undefined;
  /** In order of admission. */
  all(): KnownNode[];
}

const nodeOf = (row: Row | undefined): KnownNode | undefined =>
  row && (JSON.parse(String(row['entry'])) as KnownNode); // written by put

export function nodeTable(db: Database): NodeTable {
  return {
    put: (node) => {
      db.run(
        'INSERT INTO node (id, account, position, entry) VALUES (?,?,?,?) ON CONFLICT (id) DO UPDATE SET account = excluded.account, position = excluded.position, entry = excluded.entry',
        node.nodeId,
        node.account,
        node.position,
        JSON.stringify(node),
      );
    },
    byId: (nodeId) => nodeOf(db.get('SELECT entry FROM node WHERE id = ?', nodeId)),
    byAccount: (account) => nodeOf(db.get('SELECT entry FROM node WHERE account = ?', account)),
    byPosition: (position) => nodeOf(db.get('SELECT entry FROM node WHERE position = ?', position)),
    all: () => db.all('SELECT entry FROM node ORDER BY place').flatMap((row) => nodeOf(row) ?? []),
  };
}
