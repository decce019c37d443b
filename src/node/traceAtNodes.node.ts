import type { NodeConfig } from '../config/nodeConfig.ts';
import { CarelatticeError, hasCode } from '../errors.ts';
import { joinTraces } from '../trace/joinTraces.ts';
import type { TraceStep } from '../trace/trace.ts';
import { type Operator, operatorOf } from './doors/operatorClient.node.ts';

export interface TraceAtNodes {
  readonly steps: TraceStep[];
  /** Names of nodes that do not run: what only they know is missing. */
  readonly silent: string[];
}

/**
 * Asks nodes of this machine for the way of a record: each tells its own part, consensus nodes only when they
 * are told the storage request, which the others know.
 * @throws `BadRecordId`, `RecordUnknown`, `NodeNotRunning` when none of them runs
 */
export async function traceAtNodes(
  recordId: string,
  nodes: readonly NodeConfig[],
): Promise<TraceAtNodes> {
  const silent: string[] = [];
  const traces: TraceStep[][] = [];
  let request = 0;
  for (const node of [...nodes].sort((a, b) => order(a) - order(b))) {
    let operator: Operator | undefined;
    try {
      operator = await operatorOf(node.data);
      const told = await operator.trace(recordId, request);
      request = told.request;
      traces.push(told.steps);
    } catch (error) {
      if (!hasCode(error, 'NodeNotRunning') || silent.length + 1 === nodes.length) throw error;
      silent.push(node.name);
    } finally {
      operator?.close();
    }
  }
  const steps = joinTraces(traces);
  if (steps.length > 0) return { steps, silent };
  throw new CarelatticeError(
    'RecordUnknown',
    'none of the nodes asked knows this record; take an id that submit-record printed',
    { facts: { recordId, ...(silent.length > 0 ? { silent } : {}) } },
  );
}

const order = ({ role }: NodeConfig): number => (role === 'recording' ? 0 : 1);
