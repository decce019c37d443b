import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { decodeEnvelope } from '../wire/envelope.ts';
import { backOff } from './backOff.ts';
import type { CourierComponents } from './components.ts';
import type { Deliver } from './deliver.ts';
import type { OutboxEntry } from './ports.ts';

/** What one flush did, in messages. */
export interface Flushed {
  readonly acknowledged: number;
  /** They wait for another try. */
  readonly failed: number;
  /** They ended undelivered. */
  readonly refused: number;
}

/** Most entries that one flush takes from the outbox. */
const PAGE = 1_000;

/**
 * Sends what is due, once: peers in parallel, the messages of one peer in order. A peer that cannot be reached puts off
 * all its messages; a peer that an earlier flush is still busy with is left to it.
 */
export function createFlush(
  components: CourierComponents,
  deliver: Deliver,
): (signal: AbortSignal) => Promise<Flushed> {
  const { outbox, clock, random } = components;
  const busy = new Set<Hex>();

  const putOff = (entry: OutboxEntry, reason: string): void => {
    const attempts = entry.attempts + 1;
    const nextAt = clock.now() + backOff(attempts, random);
    outbox.failed(entry.correlationId, attempts, nextAt, reason);
  };

  const send = async (entry: OutboxEntry, signal: AbortSignal): Promise<keyof Flushed> => {
    if (decodeEnvelope(entry.envelope).expiry <= clock.chainTime()) {
      outbox.refused(entry.correlationId, 'MessageExpired');
      return 'refused';
    }
    const { result, code = 'Refused' } = await deliver(entry.recipient, entry.envelope, signal);
    switch (result) {
      case 'taken':
      case 'known':
        outbox.acknowledged(entry.correlationId);
        return 'acknowledged';
      case 'later':
        putOff(entry, code);
        return 'failed';
      case 'refused':
        outbox.refused(entry.correlationId, code);
        return 'refused';
    }
  };

  const sendAll = async (
    entries: readonly OutboxEntry[],
    count: Record<keyof Flushed, number>,
    signal: AbortSignal,
  ): Promise<void> => {
    for (const [index, entry] of entries.entries()) {
      if (signal.aborted) return;
      try {
        count[await send(entry, signal)]++;
      } catch (error) {
        if (signal.aborted) return; // stopped by the caller: nothing is wrong with the peer
        if (!(error instanceof CarelatticeError)) throw error;
        for (const waiting of entries.slice(index)) putOff(waiting, error.code);
        count.failed += entries.length - index;
        return;
      }
    }
  };

  return async (signal) => {
    const count = { acknowledged: 0, failed: 0, refused: 0 };
    const due = outbox.due(clock.now(), PAGE).filter(({ recipient }) => !busy.has(recipient));
    const lanes = [...Map.groupBy(due, ({ recipient }) => recipient)].map(
      async ([recipient, entries]) => {
        busy.add(recipient);
        try {
          await sendAll(entries, count, signal);
        } finally {
          busy.delete(recipient);
        }
      },
    );
    const results = await Promise.allSettled(lanes);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    return count;
  };
}
