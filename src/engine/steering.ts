import { performance } from 'node:perf_hooks';
import type { Controls } from './controls';
import { StopShare } from './stop-share';

/** Well within the 100 ms over which the source measures its pace. */
const lookMs = 10;

/**
 * Keeps the source's plan for the switchover to what the pace of its stream bears out; `seen` is how many bytes of it
 * there have been, and in how many rounds; unknown before there is one. Returns what ends it.
 */
export function steer(
  controls: Pick<Controls, 'steer'>,
  seen: () => { readonly rawBytes: number; readonly rounds: number } | undefined,
): () => void {
  const share = new StopShare();
  const timer = setInterval(() => {
    const now = seen();
    if (now !== undefined) controls.steer(share.mark(now.rawBytes, now.rounds, performance.now()));
  }, lookMs);
  return () => clearInterval(timer);
}
