import type { Hex } from '../../hash/bytes.ts';
import type { PatientRecordsAnswer } from '../../wire/readMessages.ts';
import type { OwnReadRecord } from '../reading/ownRecords.ts';

/** What one node has of her. */
export interface NodeHistory {
  readonly holder: Hex;
  readonly histories: PatientRecordsAnswer['histories'];
  readonly absent: PatientRecordsAnswer['absent'];
  /** Newest first, as the node lists them. */
  readonly records: readonly OwnReadRecord[];
}

type Placed = OwnReadRecord | NodeHistory['absent'][number];

/**
 * The records of all nodes, each once, in the order in which they were sealed: by request, within one as the nodes list
 * them. A record stands before the same one that is absent elsewhere.
 */
export function sealedOrder(nodes: readonly NodeHistory[]): Placed[] {
  const byAnchor = new Map<Hex, Placed>();
  for (const one of nodes.flatMap(inOrder)) {
    const known = byAnchor.get(one.anchor);
    if (known === undefined || (!('proof' in known) && 'proof' in one))
      byAnchor.set(one.anchor, one);
  }
  return [...byAnchor.values()].sort((a, b) => requestOf(a) - requestOf(b));
}

const requestOf = (one: Placed): number =>
  'proof' in one ? one.proof.listed.request : one.request;

/** One node's records, oldest first, with what is absent behind its neighbour. */
function inOrder({ records, absent }: NodeHistory): Placed[] {
  const order: Placed[] = records.toReversed();
  for (const one of absent) {
    const place = order.findIndex(({ anchor }) => anchor === one.follows);
    const first = order.findIndex((other) => requestOf(other) >= one.request);
    if (place !== -1) order.splice(place + 1, 0, one);
    else if (first !== -1) order.splice(first, 0, one);
    else order.push(one);
  }
  return order;
}
