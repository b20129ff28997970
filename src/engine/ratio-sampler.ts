import { performance } from 'node:perf_hooks';
import { methodTable } from '../codec/methods';

/** How often a sample is taken, ms, and how much of a part is enough. */
const intervalMs = 1000;
const sampleBytes = 128 * 1024;

/** What compressing would come to. */
export interface RatioSample {
  /** Compressed bytes for each byte. */
  readonly ratio: number;
  /** Bytes a second that one thread takes in, at the best it was seen to do. */
  readonly pace: number;
}

/** What zstd would make of parts that are sent as they are: a sample a second, compressed beside this thread. */
export class RatioSampler {
  #next = 0;
  #sample: RatioSample | undefined;

  /** Absent before the first sample. */
  get sample(): RatioSample | undefined {
    return this.#sample;
  }

  /** Looks at a part when it is time to; the bytes are free again once this returns. */
  offer(part: Uint8Array, nowMs: number): void {
    if (nowMs < this.#next || part.length === 0) return;
    this.#next = nowMs + intervalMs;
    void this.#take(Buffer.from(part.subarray(0, sampleBytes))).catch(() => undefined);
  }

  async #take(bytes: Buffer): Promise<void> {
    const started = performance.now();
    const { length } = await methodTable.zstd.compress(bytes, 1);
    const pace = (bytes.length * 1000) / Math.max(performance.now() - started, 0.001);
    const ratio = length / bytes.length;
    const before = this.#sample;
    this.#sample =
      before === undefined
        ? { ratio, pace }
        : { ratio: before.ratio + 0.5 * (ratio - before.ratio), pace: Math.max(before.pace, pace) };
  }
}
