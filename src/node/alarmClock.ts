/** Waits that something may cut short. */
export interface AlarmClock {
  /** Resolves after `ms`, when it is rung (also before the wait began), or when `signal` aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  ring(): void;
}

export function createAlarmClock(): AlarmClock {
  let isRung = false;
  let wake: (() => void) | undefined;
  return {
    wait: (ms, signal) =>
      new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', end);
          wake = undefined;
          isRung = false;
          resolve();
        };
        const timer = setTimeout(end, ms);
        signal.addEventListener('abort', end, { once: true });
        wake = end;
        if (isRung || signal.aborted) end();
      }),
    ring() {
      isRung = true;
      wake?.();
    },
  };
}
