import type { Random } from '../src/domain/random.ts';
import {
  tableOf,
  type SealedItem,
  type SharingTable,
  withEntries,
  withRecords,
  withRelations,
} from '../src/domain/sharingTable.ts';
import { CarelatticeError } from '../src/errors.ts';
import { fromHex, type Hex, toHex, ZERO_32 } from '../src/hash/bytes.ts';
import { merkleRoot } from '../src/hash/merkleTree.ts';
import { answerLeaf, rangeLeaf } from '../src/wire/leaves.ts';
import type { GasCost } from './gasBaseline.ts';
import { type GasNetwork, TAG_EPOCH_SECONDS } from './gasNetwork.ts';
import { seededBytes } from './seededBytes.ts';

/** Shared storage as the chain sees it: requests, seals and settlements over real tables, anchors and leaves. */
export interface GasRounds {
  readonly network: GasNetwork;
  /** Puts a patient with these handles, enrolled at three nodes, into the table. */
  enroll(patientId: Hex, handles: readonly Hex[]): void;
  /** Her records so far. */
  countOf(patientId: Hex): number;
  /** Anchors these records as one batch of the hospital at this position. */
  request(items: readonly SealedItem[], position?: number): Promise<GasCost>;
  /** Seals all open requests. @throws `WrongRoot` when the chain has another root than the table */
  seal(): Promise<GasCost>;
  /** Settles all sealed requests; every node's settlement came. */
  settle(): Promise<GasCost>;
  /** Brings the table's changes of relations to the chain, as the consensus node does between seals. */
  updateLocator(): Promise<GasCost>;
  /** The last settlement as `denySettlement` takes it. */
  lastSettlement(): readonly unknown[];
}

interface OpenRequest {
  readonly position: number;
  readonly batchRoot: Hex;
  readonly queryDigest: Hex;
  readonly paddedCount: number;
  readonly tagEpoch: number;
}

const COPIES = 3;
const TERM = 1;

export function startRounds(network: GasNetwork): GasRounds {
  const { chain, exchange, locator, hospitals, consensus } = network;
  const random = seededBytes('rounds');
  const active = consensus[0] ?? '0x';
  let table: SharingTable = tableOf([]);
  let rootOnChain = table.root;
  let [nextRequest, nextSettled, settlements] = [1, 1, 0];
  let open: { request: OpenRequest; items: readonly SealedItem[] }[] = [];
  let last: readonly unknown[] = [];

  /** A root over one leaf per node, as deliveries and settlements have. */
  const perNode = (from: number, to: number): Hex =>
    toHex(
      merkleRoot(
        hospitals.map(({ nodeId }) =>
          rangeLeaf({ salt: toHex(random(32)), from, to, nodeId, digest: toHex(random(32)) }),
        ),
      ),
    );
  const answers = (from: number, requests: readonly OpenRequest[]): Hex =>
    toHex(
      merkleRoot(
        requests.flatMap(({ paddedCount }, i) =>
          hospitals.map(({ nodeId }) =>
            answerLeaf({
              salt: toHex(random(32)),
              request: from + i,
              nodeId,
              bitmap: toHex(random(paddedCount / 8)),
            }),
          ),
        ),
      ),
    );
  async function checkRoot(): Promise<void> {
    rootOnChain = table.root;
    const onChain = await chain.read(locator, 'root');
    if (onChain !== table.root) {
      throw new CarelatticeError(
        'WrongRoot',
        'the chain has another root than the table that was sealed',
        {
          facts: { onChain: String(onChain), table: table.root },
        },
      );
    }
  }

  return {
    network,
    enroll(patientId, handles) {
      const relations = Array.from({ length: COPIES }, (_, i) => ({
        salt: toHex(random(32)),
        nodeId: hospitals[i % hospitals.length]?.nodeId ?? ZERO_32,
        role: 1,
        handles: [...handles],
      }));
      const signed = { seq: 1, digest: toHex(random(32)) };
      table = withEntries(table, [withRelations(table, patientId, relations, signed, random)]);
    },
    countOf: (patientId) =>
      table.entries.get(patientId)?.handles.reduce((sum, { count }) => sum + count, 0) ?? 0,
    async request(items, position = 0) {
      const { batchRoot, queryDigest, paddedCount, tagEpoch } = {
        batchRoot: toHex(merkleRoot(items.map(({ anchor }) => fromHex(anchor, 32)))),
        queryDigest: toHex(random(32)),
        paddedCount: paddedSize(new Set(items.map(({ patientId }) => patientId)).size),
        tagEpoch: Math.floor(chain.now() / TAG_EPOCH_SECONDS),
      };
      open.push({ request: { position, batchRoot, queryDigest, paddedCount, tagEpoch }, items });
      const author = hospitals[position]?.account ?? '0x';
      return chain.send(author, exchange, 'requestStorage', [
        batchRoot,
        queryDigest,
        paddedCount,
        tagEpoch,
      ]);
    },
    async seal() {
      const requests = open.map(({ request }) => request);
      const [from, to] = [nextRequest, nextRequest + requests.length - 1];
      const prevRoot = rootOnChain;
      table = withEntries(
        table,
        withRecords(
          table,
          open.flatMap(({ items }) => items),
          random,
        ),
      );
      const roots = [prevRoot, table.root, perNode(from, to), answers(from, requests)];
      const cost = await chain.send(active, exchange, 'sealBatches', [
        from,
        to,
        requests,
        ...roots,
        TERM,
      ]);
      await checkRoot();
      nextRequest = to + 1;
      open = [];
      return cost;
    },
    async settle() {
      const [from, to] = [nextSettled, nextRequest - 1];
      const bitmap = (1n << BigInt(hospitals.length)) - 1n;
      const cost = await chain.send(active, exchange, 'recordReceipts', [
        from,
        to,
        bitmap,
        perNode(from, to),
        TERM,
      ]);
      nextSettled = to + 1;
      settlements += 1;
      last = [settlements, from, to, bitmap];
      return cost;
    },
    async updateLocator() {
      const cost = await chain.send(active, locator, 'update', [rootOnChain, table.root, TERM]);
      await checkRoot();
      return cost;
    },
    lastSettlement: () => last,
  };
}

/** The sizes that a query may have. */
const paddedSize = (tags: number): number => [16, 64, 256].find((size) => tags <= size) ?? 1024;

/** `count` records, spread over these patients and handles in turn. */
export const recordsOf = (
  count: number,
  people: readonly { patientId: Hex; handles: readonly Hex[] }[],
  random: Random,
): SealedItem[] =>
  Array.from({ length: count }, (_, i) => {
    const person = people[i % people.length];
    const handle = person?.handles[Math.floor(i / people.length) % person.handles.length];
    if (person === undefined || handle === undefined)
      throw new CarelatticeError('GasRunFailed', 'nobody to record');
    return {
      patientId: person.patientId,
      handle,
      anchor: toHex(random(32)),
      recordId: toHex(random(16)),
    };
  });

/** People with random ids and handles, in the table. */
export function enrollPeople(rounds: GasRounds, count: number, handles: number, random: Random) {
  return Array.from({ length: count }, () => {
    const person = {
      patientId: toHex(random(32)),
      handles: Array.from({ length: handles }, () => toHex(random(32))),
    };
    rounds.enroll(person.patientId, person.handles);
    return person;
  });
}
