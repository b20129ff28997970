import { methodTable } from '../codec/methods';

/** How often a sample is taken, ms, and how much of a part is enough. */
const intervalMs = 1000;
const sampleBytes = 128 * 1024;

/** What zstd would make of parts that are sent as they are: a sample a second, compressed beside this thread. */
export class RatioSampler {
  #next = 0;
  #ratio: number | undefined;

  /** Compressed bytes for each byte; absent before the first sample. */
  get ratio(): number | undefined {
    return this.#ratio;
  }

  /** Looks at a part when it is time to; the bytes are free again once this returns. */
  offer(part: Uint8Array, nowMs: number): void {
    if (nowMs < this.#next || part.length === 0) return;
    this.#next = nowMs + intervalMs;
    void this.#sample(Buffer.from(part.subarray(0, sampleBytes))).catch(() => undefined);
  }

  async #sample(bytes: Buffer): Promise<void> {
    const { length } = await methodTable.zstd.compress(bytes, 1);
    const ratio = length / bytes.length;
    this.#ratio = this.#ratio === undefined ? ratio : this.#ratio + 0.5 * (ratio - this.#ratio);
  }
}
