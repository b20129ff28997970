import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxEpochBytes, maxTableBytes } from '../codec/order-table';
import { ramClasses } from '../shared/ram-map';
import { pageBytes } from '../shared/settings';
import { EpochBuilder, type Epoch } from './dispatch/epoch-builder';
import { epochsOf, hasher, plan, stream, whole, type Plan } from './epochs.testing';
import { StreamRebuilder } from './receive/rebuild';
import { putPageHead, putZero } from './stream/format';
import { StreamParser } from './stream/parser';
import { sampleBlocks, sampleStream, type SampleRecord } from './testing';

function partsOf({ parts }: Epoch, shards: number): (Buffer | undefined)[] {
  const all = Array.from({ length: shards }, (): Buffer | undefined => undefined);
  for (const { shard, bytes } of parts) all[shard] = Buffer.from(bytes);
  return all;
}

/** Checks that epochs respect their bounds and stand for exactly this stream. */
function expectRebuilt(stream: Uint8Array, plan: Plan): Epoch[] {
  const epochs = epochsOf(stream, plan);
  const rebuilder = new StreamRebuilder({ putPageHead, putZero }, plan.shards);
  const shards = Math.max(plan.shards, ...(plan.layouts ?? []));
  const slices = epochs.map((epoch, i) => {
    expect(epoch.number).toBe(i + 1);
    expect(epoch.rawBytes).toBeLessThanOrEqual(maxEpochBytes);
    expect(epoch.table.length).toBeLessThanOrEqual(maxTableBytes);
    for (const { pages, keys, bytes } of epoch.parts) {
      expect(pages).toBeLessThanOrEqual(plan.maxPartPages);
      expect([keys.length, bytes.length]).toEqual([pages * 8, pages * pageBytes]);
    }
    const slice = rebuilder.rebuild(epoch.table, epoch.rawBytes, partsOf(epoch, shards));
    expect(hasher.h64Raw(slice)).toBe(epoch.digest);
    const layout = plan.layouts?.[i];
    if (layout !== undefined) rebuilder.layOut(layout);
    return slice;
  });
  expect(Buffer.concat(slices).equals(stream)).toBe(true);
  return epochs;
}

describe('a stream taken apart and put together', () => {
  it('is the same, whatever its records, its chunks and the cuts', () => {
    fc.assert(
      fc.property(stream, plan, (bytes, how) => void expectRebuilt(bytes, how)),
      { numRuns: 60 },
    );
  });

  it('is the same when it is cut off or damaged anywhere', () => {
    fc.assert(
      fc.property(stream, plan, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255), (bytes, how, where, byte) => {
        const at = Math.floor(where * (bytes.length - 1));
        expectRebuilt(bytes.subarray(0, at), how);
        const damaged = Buffer.from(bytes);
        damaged[at] = byte;
        expectRebuilt(damaged, how);
      }),
      { numRuns: 60 },
    );
  });

  it('is the same when it is no stream at all', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 5000 }), plan, (bytes, how) => void expectRebuilt(bytes, how)));
  });

  it('has its pages in parts and its zero pages counted', () => {
    const records: SampleRecord[] = Array.from({ length: 40 }, (_, page) => ({
      block: 0,
      page,
      fill: 0,
      ...(page % 4 === 0 ? {} : { bytes: Buffer.alloc(pageBytes, page) }),
    }));
    const epochs = expectRebuilt(sampleStream([records], Buffer.alloc(0)), whole);
    expect(epochs.map(({ zeroPages }) => zeroPages)).toEqual([10]);
    expect(epochs[0]?.parts.reduce((sum, { pages }) => sum + pages, 0)).toBe(30);
    expect(epochs[0]?.table.length).toBeLessThan(400);
  });

  it('has no parts where it is carried as it is, and its pages counted all the same', () => {
    const records: SampleRecord[] = Array.from({ length: 40 }, (_, page) => ({
      block: 0,
      page,
      fill: 0,
      ...(page % 4 === 0 ? {} : { bytes: Buffer.alloc(pageBytes, page) }),
    }));
    const bytes = sampleStream([records], Buffer.alloc(0));
    const [epoch, ...more] = expectRebuilt(bytes, { ...whole, plain: [true] });
    expect(more).toEqual([]);
    expect(epoch).toMatchObject({ parts: [], plainPages: 30, zeroPages: 10 });
    expect(epoch?.table.length).toBeLessThan(bytes.length + 100);
  });

  it('marks zero pages, and pages that go as they came, on the map of the guest', () => {
    const builder = new EpochBuilder(hasher, 1, 64);
    builder.setPlain(true);
    const records: SampleRecord[] = [
      { block: 0, page: 8, fill: 0 },
      { block: 1, page: 3, fill: 0, bytes: Buffer.alloc(pageBytes, 1) },
    ];
    new StreamParser(builder).push(sampleStream([records], Buffer.alloc(9)));
    const { layout } = builder.map;
    expect(layout.blocks.map(({ name, bytes }) => ({ name, usedBytes: bytes }))).toEqual(sampleBlocks);
    expect(layout.cellBytes).toBe(8 * pageBytes);
    const marked = [...builder.map.cells()].flatMap((cell, i) => (cell === 0 ? [] : [[i, ramClasses[cell]]]));
    expect(marked).toEqual([
      [1, 'zero'],
      [layout.blocks[1]?.firstCell, 'plain'],
    ]);
  });

  it('never has a longer table than the far end takes, even when it comes in crumbs', () => {
    const builder = new EpochBuilder(hasher, 1, 64);
    let longest = 0;
    for (let i = 0; i < 2 * 2 ** 20; i++) {
      if (builder.roomBytes <= 0) longest = Math.max(longest, builder.cut()?.table.length ?? 0);
      const crumb = Buffer.of(i & 255);
      builder.raw(crumb);
      builder.fed(crumb);
    }
    expect(longest).toBeGreaterThan(maxEpochBytes);
    expect(longest).toBeLessThanOrEqual(maxTableBytes);
  });
});

describe('a rebuilder', () => {
  const records: SampleRecord[] = Array.from({ length: 8 }, (_, page) => ({
    block: 0,
    page: page * 16,
    fill: 0,
    bytes: Buffer.alloc(pageBytes, page),
  }));
  const refused = { code: 'codec' };
  const only = (): Epoch => epochsOf(sampleStream([records], Buffer.alloc(9)), whole)[0] as Epoch;
  const rebuilder = (): StreamRebuilder => new StreamRebuilder({ putPageHead, putZero }, whole.shards);

  it('refuses a length that is not the epoch\u2019s', () => {
    const epoch = only();
    for (const rawBytes of [1, epoch.rawBytes - 1, epoch.rawBytes + 1, maxEpochBytes]) {
      expect(() => rebuilder().rebuild(epoch.table, rawBytes, partsOf(epoch, 4))).toThrow(
        expect.objectContaining(refused),
      );
    }
  });

  it('refuses a part missing, short, or longer than its pages', () => {
    const epoch = only();
    for (const spoil of [
      () => undefined,
      (part: Buffer) => part.subarray(1),
      (part: Buffer) => Buffer.concat([part, part]),
    ]) {
      const parts = partsOf(epoch, 4);
      const shard = parts.findIndex((part) => part !== undefined);
      parts[shard] = spoil(parts[shard] as Buffer);
      expect(() => rebuilder().rebuild(epoch.table, epoch.rawBytes, parts)).toThrow(expect.objectContaining(refused));
    }
  });

  it('refuses a block that was never declared, and more blocks than a machine has', () => {
    expect(() => rebuilder().rebuild(Buffer.from([4, 7, 6, 2]), 5000, [])).toThrow('block 7, which was never declared');
    const declares = Buffer.alloc(4097 * 3, Buffer.from([5, 1, 97]));
    expect(() => rebuilder().rebuild(declares, 1, [])).toThrow('more than 4096 memory blocks');
  });

  it('rebuilds or refuses, whatever the table says', () => {
    const operation = fc.tuple(fc.nat(9), fc.uint8Array({ maxLength: 5 })).map(([kind, rest]) => [kind, ...rest]);
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 30 }), fc.nat(20_000), (operations, rawBytes) => {
        try {
          rebuilder().rebuild(Uint8Array.from(operations.flat()), rawBytes, [Buffer.alloc(pageBytes)]);
        } catch (error) {
          expect(error).toMatchObject(refused);
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** An assembler whose pool decodes when the test says so: a part's frame is its pages. */
