import { performance } from 'node:perf_hooks';
import type { Controls } from './controls';
import { StopShare } from './stop-share';

/** Well within the 100 ms over which the source measures its pace. */
const lookMs = 10;

/**
 * Keeps the source's plan for the switchover to what the pace of its stream bears out; `taken` is how many bytes of it
 * there have been, unknown before there is one. Returns what ends it.
 */
export function steer(controls: Pick<Controls, 'steer'>, taken: () => number | undefined): () => void {
  const share = new StopShare();
  const timer = setInterval(() => {
    const bytes = taken();
    if (bytes !== undefined) controls.steer(share.mark(bytes, performance.now()));
  }, lookMs);
  return () => clearInterval(timer);
}
