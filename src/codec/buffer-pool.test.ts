import { describe, expect, it } from 'vitest';
import { BufferPool } from './buffer-pool';

describe('BufferPool', () => {
  it.each([1, 16_383, 16_384, 16_385, 2 ** 20, 2 ** 23, 2 ** 23 + 1])('gives exactly %i bytes', (bytes) => {
    expect(new BufferPool(2).take(bytes)).toHaveLength(bytes);
  });

  it('uses a buffer again, for any size of its class', () => {
    const pool = new BufferPool(2);
    const first = pool.take(60_000);
    pool.give(first.subarray(0, 10));
    expect(pool.take(40_000).buffer).toBe(first.buffer);
    expect(pool.take(40_000).buffer).not.toBe(first.buffer);
  });

  it('keeps no more than it was told', () => {
    const pool = new BufferPool(1);
    const [one, two] = [pool.take(20_000), pool.take(20_000)];
    pool.give(one);
    pool.give(two);
    expect(pool.take(20_000).buffer).toBe(one.buffer);
    expect(pool.take(20_000).buffer).not.toBe(two.buffer);
  });

  it('leaves what is too large to the garbage collector', () => {
    const pool = new BufferPool(4);
    const large = pool.take(2 ** 23 + 1);
    pool.give(large);
    expect(pool.take(2 ** 23 + 1).buffer).not.toBe(large.buffer);
  });
});
