/** Something measured beside others: each call does `bytes` of work. */
export interface Work {
  readonly name: string;
  readonly bytes: number;
  readonly run: () => void | Promise<void>;
}

/**
 * How fast each work is, in GB/s, the fastest pass of each: whatever else the machine does can only make it slower.
 * Passes of all works take turns, so that they meet the same machine. A pass lasts at least `passMs`.
 */
export async function sideBySide(
  works: readonly Work[],
  passes: number,
  passMs = 20,
): Promise<ReadonlyMap<string, number>> {
  const best = new Map<string, number>();
  const calls = new Map<string, number>();
  for (let pass = 0; pass <= passes; pass++) {
    for (const { name, bytes, run } of works) {
      const wanted = calls.get(name);
      globalThis.gc?.(); // or the work before leaves its garbage to this one
      const start = performance.now();
      let done = 0;
      do {
        await run();
        done++;
      } while (wanted === undefined ? performance.now() - start < passMs : done < wanted);
      if (wanted === undefined)
        calls.set(name, done); // the first pass only warms up and counts
      else best.set(name, Math.max(best.get(name) ?? 0, (done * bytes) / 1e6 / (performance.now() - start)));
    }
  }
  return best;
}
