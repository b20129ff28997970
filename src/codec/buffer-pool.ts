/** Smallest and largest buffers kept, as powers of two of bytes; others are left to the garbage collector. */
const classes = { min: 14, max: 23 } as const;

/**
 * Buffers used again. Epochs come many times a second and need megabytes each; leaving them to the garbage collector
 * cost a sixth of the engine's time. A buffer has one owner: after `give` nobody may touch it.
 */
export class BufferPool {
  readonly #free = new Map<number, Buffer[]>();

  /** @param keep most buffers of one size kept for later */
  constructor(private readonly keep: number) {}

  /** A buffer of exactly `bytes` bytes with arbitrary content. */
  take(bytes: number): Buffer {
    const size = sizeClass(bytes);
    if (size === undefined) return Buffer.allocUnsafeSlow(bytes);
    const whole = this.#free.get(size)?.pop() ?? Buffer.allocUnsafeSlow(2 ** size);
    return whole.subarray(0, bytes);
  }

  /** Takes back what `take` gave, or a view of it from its start; anything else must not be given. */
  give(buffer: Uint8Array): void {
    const size = Math.log2(buffer.buffer.byteLength);
    if (!Number.isInteger(size) || size < classes.min || size > classes.max) return;
    const free = this.#free.get(size) ?? [];
    if (free.length < this.keep) free.push(Buffer.from(buffer.buffer));
    this.#free.set(size, free);
  }
}

function sizeClass(bytes: number): number | undefined {
  const size = Math.max(classes.min, Math.ceil(Math.log2(Math.max(1, bytes))));
  return size <= classes.max ? size : undefined;
}
