/** What a gateway gives away at most. */
export interface GatewayLimits {
  /** Answers under way at the same time, all askers together; above: 503. */
  streams: number;
  /** Answers under way at the same time for one asker; above: 429. */
  streamsPerAsker: number;
  /** Bytes to one asker within `windowMs`; above: 429. */
  bytesPerAsker: number;
  windowMs: number;
  /** Bytes of a request body. */
  requestBytes: number;
  /** Bytes of content in one answer; what lies above it is left out, to be asked for again. */
  responseBytes: number;
  /** Longest wait for the asker to send or take a piece, milliseconds. */
  idleMs: number;
  /** Longest time of one answer, milliseconds. */
  totalMs: number;
}

export const GATEWAY_LIMITS: GatewayLimits = {
  streams: 64,
  streamsPerAsker: 8,
  bytesPerAsker: 8 * 1_073_741_824,
  windowMs: 60_000,
  requestBytes: 1_048_576,
  responseBytes: 4 * 1_073_741_824,
  idleMs: 30_000,
  totalMs: 600_000,
};

/** Counts answers and bytes per asker. */
export interface GatewayMeter {
  /** @returns the status that refuses, or what to count with until `end` */
  start(asker: string): { refused: 429 | 503 } | { refused: undefined; answer: CountedAnswer };
}

export interface CountedAnswer {
  sent(bytes: number): void;
  /** May be called twice. */
  end(): void;
}

/** @param now milliseconds */
export function createGatewayMeter(limits: GatewayLimits, now: () => number): GatewayMeter {
  const askers = new Map<string, { streams: number; windowStart: number; bytes: number }>();
  let streams = 0;
  /** Askers of past windows are forgotten, so that the table stays small. */
  const forget = (): void => {
    for (const [asker, { streams: open, windowStart }] of askers) {
      if (open === 0 && now() - windowStart >= limits.windowMs) askers.delete(asker);
    }
  };
  return {
    start(asker) {
      if (streams >= limits.streams) return { refused: 503 };
      forget();
      const used = askers.get(asker) ?? { streams: 0, windowStart: now(), bytes: 0 };
      if (now() - used.windowStart >= limits.windowMs) {
        used.windowStart = now();
        used.bytes = 0;
      }
      if (used.streams >= limits.streamsPerAsker || used.bytes >= limits.bytesPerAsker) {
        return { refused: 429 };
      }
      askers.set(asker, used);
      streams++;
      used.streams++;
      let open = true;
      return {
        refused: undefined,
        answer: {
          sent(bytes) {
            used.bytes += bytes;
          },
          end() {
            if (!open) return;
            open = false;
            streams--;
            used.streams--;
          },
        },
      };
    },
  };
}
