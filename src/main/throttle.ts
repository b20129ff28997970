/** Clock and timer, passed in so that tests need no real time. */
export interface Timing {
  now(): number;
  after(delayMs: number, run: () => void): () => void;
}

const realTiming: Timing = {
  now: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Passes the newest value on at most once in `intervalMs`; the last one always arrives. */
export interface Throttle<Value> {
  offer(value: Value): void;
  /** Delivers what is waiting now, if anything is. */
  flush(): void;
}

/** A throttle in front of `deliver`; `urgent` values do not wait. */
export function throttle<Value>(
  intervalMs: number,
  deliver: (value: Value) => void,
  urgent: (value: Value) => boolean = () => false,
  timing: Timing = realTiming,
): Throttle<Value> {
  let waiting: { readonly value: Value } | undefined;
  let stopTimer: (() => void) | undefined;
  let last = -Infinity;

  function flush(): void {
    stopTimer?.();
    stopTimer = undefined;
    if (waiting === undefined) return;
    const { value } = waiting;
    waiting = undefined;
    last = timing.now();
    deliver(value);
  }

  return {
    offer(value) {
      waiting = { value };
      const due = last + intervalMs - timing.now();
      if (due <= 0 || urgent(value)) flush();
      else stopTimer ??= timing.after(due, flush);
    },
    flush,
  };
}
