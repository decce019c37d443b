import { edgeContracts } from '../chain/contracts.ts';
import { cursorSchema, startCursor } from '../chain/cursor.ts';
import { eventStream } from '../chain/eventStream.ts';
import type { Manifest } from '../chain/manifest.ts';
import { nodeAfter } from '../chain/nodeEvents.ts';
import type { Rpc } from '../chain/rpc.ts';
import type { KnownNode } from '../domain/knownNode.ts';
import type { AnchoredLog } from '../domain/receiptLog.ts';
import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';

/** What a client reads of a network from its chain: no node has to be trusted for it. */
export interface NetworkView {
  readonly nodes: ReadonlyMap<Hex, KnownNode>;
  /** The consensus node of the present term. */
  readonly active: KnownNode | undefined;
  /** Digest of the newest relation list of each patient. */
  readonly relations: ReadonlyMap<Hex, Hex>;
  /** The receipt logs as nodes anchored them: size, root and block, smallest first. */
  readonly anchors: ReadonlyMap<Hex, readonly AnchoredLog[]>;
  /** Reads on to the newest final block. @throws `ChainRewritten`, or of the transport */
  refresh(): Promise<void>;
}

/** A view that has read nothing yet: `refresh` it. */
export function networkView(manifest: Manifest, rpc: Rpc): NetworkView {
  const { eventSources: sources } = edgeContracts(manifest, rpc);
  const events = eventStream({ rpc, sources, finality: manifest.finality });
  const nodes = new Map<Hex, KnownNode>();
  const relations = new Map<Hex, Hex>();
  const anchors = new Map<Hex, AnchoredLog[]>();
  let cursor = cursorSchema.parse(startCursor(manifest.deployBlock));
  let activeId: Hex | undefined;
  return {
    nodes,
    relations,
    anchors,
    get active() {
      return activeId === undefined ? undefined : nodes.get(activeId);
    },
    async refresh() {
      for (;;) {
        const outcome = await events.poll(cursor, { toBlock: 'final' });
        if (outcome.kind === 'reorg' || outcome.kind === 'tooDeep') {
          throw new CarelatticeError('ChainRewritten', 'a final block is gone; begin anew');
        }
        if (outcome.kind !== 'events') return;
        for (const event of outcome.events) {
          const node = nodeAfter(event, (nodeId) => nodes.get(nodeId));
          if (node !== undefined) nodes.set(node.nodeId, node);
          if (event.name === 'TermStarted') activeId = event.args.nodeId;
          if (event.name === 'ReceiptsAnchored') {
            const { nodeId, size, root } = event.args;
            const anchored = { size: Number(size), root, block: event.block };
            anchors.set(nodeId, [...(anchors.get(nodeId) ?? []), anchored]);
          }
          if (event.name === 'RelationsSet')
            relations.set(event.args.patientId, event.args.relationsDigest);
        }
        cursor = outcome.cursor;
      }
    },
  };
}

/** Nobody would take a patient's messages now. */
export const noConsensusNode = (): CarelatticeError =>
  new CarelatticeError(
    'NoConsensusNode',
    'no consensus node is active yet; start its node with run-node',
  );
