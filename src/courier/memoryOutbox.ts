import type { Hex } from '../hash/bytes.ts';
import type { Outbox, OutboxEntry, SeenIds } from './ports.ts';

/** Why an entry of a `MemoryOutbox` waits or ended. */
export interface OutboxState extends OutboxEntry {
  readonly state: 'waiting' | 'refused';
  readonly reason?: string;
}

/** An outbox that lasts as long as the process, for tests and for nodes without a disk. */
export interface MemoryOutbox extends Outbox {
  entries(): readonly OutboxState[];
}

export function createMemoryOutbox(): MemoryOutbox {
  const entries = new Map<Hex, OutboxState>();
  const change = (correlationId: Hex, changes: Partial<OutboxState>): void => {
    const entry = entries.get(correlationId);
    if (entry !== undefined) entries.set(correlationId, { ...entry, ...changes });
  };
  return {
    add(entry) {
      entries.set(entry.correlationId, { ...entry, state: 'waiting' });
    },
    due: (now, limit) =>
      [...entries.values()]
        .filter(({ state, nextAt }) => state === 'waiting' && nextAt <= now)
        .slice(0, limit),
    acknowledged(correlationId) {
      entries.delete(correlationId);
    },
    failed(correlationId, attempts, nextAt, reason) {
      change(correlationId, { attempts, nextAt, reason });
    },
    refused(correlationId, reason) {
      change(correlationId, { state: 'refused', reason });
    },
    entries: () => [...entries.values()],
  };
}

/** Seen ids that last as long as the process; `chainTime` says which may be forgotten. */
export function createMemorySeenIds(chainTime: () => number): SeenIds {
  const taken = new Map<string, { expiry: number; answer: { answer?: Uint8Array } }>();
  const nameOf = (correlationId: Hex, sender: Hex): string => `${sender} ${correlationId}`;
  const forgetExpired = (): void => {
    const now = chainTime();
    for (const [name, { expiry }] of taken) if (expiry <= now) taken.delete(name);
  };
  return {
    find: (correlationId, sender) => taken.get(nameOf(correlationId, sender))?.answer,
    remember(correlationId, sender, expiry, answer) {
      const name = nameOf(correlationId, sender);
      if (taken.has(name)) return 'seen';
      if (taken.size % 1024 === 1023) forgetExpired();
      taken.set(name, { expiry, answer: answer === undefined ? {} : { answer } });
      return 'new';
    },
  };
}
