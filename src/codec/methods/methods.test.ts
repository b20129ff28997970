import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { methods } from '../../shared/settings';
import { checkLevel, methodTable } from '.';

const { zlib, zstd } = methodTable;
const refused = { code: 'codec' };

/** Words and noise: enough for several blocks at any level. */
const sample = Buffer.concat(
  Array.from({ length: 4000 }, (_, i) => Buffer.from(`record ${i} of ${i % 7}: ${Math.sin(i)}\0\0\0\0`)),
);

/** A zstd frame of repeated blocks: five bytes for every 128 KiB. */
function zstdBomb(blocks: number): Buffer {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]);
  const block = (last: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUIntLE(last | (1 << 1) | ((128 * 1024) << 3), 0, 3);
    return bytes;
  };
  return Buffer.concat([header, ...Array.from({ length: blocks }, (_, i) => block(Number(i === blocks - 1)))]);
}

describe.each(methods)('%s', (name) => {
  const method = methodTable[name];
  const levels = { none: [0], zlib: [0, 1, 6, 9], zstd: [1, 3, 9, 15, 16, 19] }[name];

  it.each(levels)('gives everything back at level %d', async (level) => {
    for (const raw of [Buffer.alloc(4), Buffer.alloc(300_000), sample, sample.subarray(1, 30)]) {
      const frame = await method.compress(raw, level);
      expect(raw.equals(await method.decompress(frame, raw.length))).toBe(true);
    }
  });

  it('refuses a frame of another length than announced', async () => {
    const frame = await method.compress(sample, 1);
    for (const rawBytes of [0, sample.length - 1, sample.length + 1]) {
      await expect(method.decompress(frame, rawBytes)).rejects.toMatchObject(refused);
    }
  });
});

describe('levels', () => {
  it('reach the compressor', async () => {
    for (const method of [zlib, zstd]) {
      const fast = await method.compress(sample, 1);
      const small = await method.compress(sample, 9);
      expect(small.length).toBeLessThan(fast.length);
    }
  });

  it.each([
    ['zlib', 10, 'zlib takes levels 0 to 9, got 10'],
    ['zstd', 0, 'zstd takes levels 1 to 19, got 0'],
    ['zstd', 1.5, 'zstd takes levels 1 to 19, got 1.5'],
  ] as const)('%s refuses %d', (method, level, message) => {
    expect(() => checkLevel(method, level)).toThrow(message);
  });
});

describe('zlib', () => {
  it('stops a bomb at the announced length', async () => {
    const bomb = deflateSync(Buffer.alloc(50_000_000));
    await expect(zlib.decompress(bomb, 4096)).rejects.toMatchObject(refused);
  });
});

describe('zstd', () => {
  it('refuses a bomb by its headers', async () => {
    await expect(zstd.decompress(zstdBomb(100_000), 4096)).rejects.toThrow(/its blocks hold/);
    const compressedBomb = await zstd.compress(Buffer.alloc(64 * 2 ** 20), 1);
    await expect(zstd.decompress(compressedBomb, 4096)).rejects.toMatchObject(refused);
  });

  it('takes what fits the announced length, also as repeated blocks', async () => {
    expect(await zstd.decompress(zstdBomb(2), 2 ** 18)).toHaveLength(2 ** 18);
  });

  it.each<[string, (frame: Buffer) => Buffer]>([
    ['nothing', () => Buffer.alloc(0)],
    ['a header alone', (frame) => frame.subarray(0, 6)],
    ['a cut frame', (frame) => frame.subarray(0, -1)],
    ['two frames', (frame) => Buffer.concat([frame, frame])],
    ['a byte behind it', (frame) => Buffer.concat([frame, Buffer.alloc(1)])],
    ['a skippable frame', () => Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0])],
    ['a dictionary', (frame) => Buffer.from(frame).fill(frame.readUInt8(4) | 1, 4, 5)],
    ['a reserved bit', (frame) => Buffer.from(frame).fill(frame.readUInt8(4) | 8, 4, 5)],
    ['a huge window', (frame) => Buffer.from(frame).fill(0xf8, 5, 6)],
  ])('refuses %s', async (_, spoil) => {
    const frame = Buffer.from(await zstd.compress(sample, 3));
    await expect(zstd.decompress(spoil(frame), sample.length)).rejects.toMatchObject(refused);
  });

  it('refuses or decodes to the announced length, whatever byte is changed', async () => {
    const raw = sample.subarray(0, 20_000);
    const frame = Buffer.from(await zstd.compress(raw, 3));
    await fc.assert(
      fc.asyncProperty(fc.nat(frame.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const mutated = Buffer.from(frame);
        mutated.writeUInt8(mutated.readUInt8(at) ^ flip, at);
        const outcome = await zstd.decompress(mutated, raw.length).catch((error: unknown) => error);
        if (outcome instanceof Uint8Array) expect(outcome).toHaveLength(raw.length);
        else expect(outcome).toMatchObject(refused);
      }),
      { numRuns: 300 },
    );
  });
});
