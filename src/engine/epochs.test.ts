import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import xxhash, { type XXHashAPI } from 'xxhash-wasm';
import { BufferPool } from '../codec/buffer-pool';
import { maxEpochBytes, maxTableBytes } from '../codec/order-table';
import { ramClasses } from '../shared/ram-map';
import { pageBytes } from '../shared/settings';
import { EpochBuilder, type Epoch } from './dispatch/epoch-builder';
import { EpochAssembler, type AnnouncedEpoch } from './receive/epoch-assembler';
import type { DecompressPool, ReceivedPart } from './receive/decompress-pool';
import { StreamRebuilder } from './receive/rebuild';
import { putPageHead, putZero } from './stream/format';
import { StreamParser } from './stream/parser';
import { sampleBlocks, sampleStream, type SampleRecord } from './testing';

let hasher: XXHashAPI;

beforeAll(async () => {
  hasher = await xxhash();
});

interface Plan {
  readonly shards: number;
  readonly maxPartPages: number;
  /** Chunk sizes, over and over. */
  readonly sizes: readonly number[];
  /** Shards after each epoch, as long as there are some. */
  readonly layouts?: readonly number[];
  /** After which chunks to cut, over and over. */
  readonly cuts: readonly boolean[];
  /** Before which chunks to ask for epochs that carry the stream as it is, over and over. */
  readonly plain: readonly boolean[];
}

/** Takes a stream apart as the sender does: never more at once than surely fits. */
function epochsOf(stream: Uint8Array, { shards, maxPartPages, sizes, cuts, plain, layouts }: Plan): Epoch[] {
  const builder = new EpochBuilder(hasher, shards, maxPartPages);
  const parser = new StreamParser(builder);
  const epochs: Epoch[] = [];
  const cut = (): void => {
    const epoch = builder.cut();
    if (epoch === undefined) return;
    const layout = layouts?.[epochs.length];
    epochs.push(epoch);
    if (layout !== undefined) builder.layOut(layout, maxPartPages);
  };
  for (let at = 0, turn = 0; at < stream.length; turn++) {
    builder.setPlain(plain[turn % plain.length] ?? false);
    if (builder.roomBytes <= 0) cut();
    const size = Math.min(sizes[turn % sizes.length] ?? stream.length, builder.roomBytes);
    const chunk = Buffer.from(stream.subarray(at, at + size));
    parser.push(chunk);
    builder.fed(chunk);
    chunk.fill(0xee); // nobody may keep a view of a chunk
    at += size;
    if (cuts[turn % cuts.length] === true) cut();
  }
  parser.end();
  builder.fed(Buffer.alloc(0));
  cut();
  return epochs;
}

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

const plan: fc.Arbitrary<Plan> = fc.record({
  shards: fc.integer({ min: 1, max: 9 }),
  maxPartPages: fc.constantFrom(4, 5, 16, 64),
  sizes: fc.array(fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 70_000 })), { minLength: 1 }),
  cuts: fc.array(fc.boolean(), { minLength: 1 }),
  plain: fc.array(fc.boolean(), { minLength: 1 }),
  layouts: fc.array(fc.integer({ min: 1, max: 12 })),
});

const record: fc.Arbitrary<SampleRecord> = fc
  .record({
    block: fc.nat(sampleBlocks.length - 1),
    page: fc.nat(63),
    fill: fc.oneof(fc.constant(0), fc.nat(255)),
    full: fc.boolean(),
  })
  .map(({ full, ...rest }) =>
    full ? { ...rest, bytes: Buffer.alloc(pageBytes, `${rest.page}-${rest.fill} `) } : rest,
  );

const stream = fc
  .tuple(
    fc.array(fc.array(record, { maxLength: 40 }), { minLength: 1, maxLength: 4 }),
    fc.uint8Array({ maxLength: 900 }),
  )
  .map(([rounds, device]) => sampleStream(rounds, device));

const whole: Plan = { shards: 4, maxPartPages: 64, sizes: [65_536], cuts: [false], plain: [false] };

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
function assembling(shards: number): {
  readonly assembler: EpochAssembler;
  readonly emitted: Buffer[];
  readonly failures: unknown[];
  readonly decode: (() => void)[];
  /** Parts in the order they were given to be decoded. */
  readonly decoded: ReceivedPart[];
} {
  const emitted: Buffer[] = [];
  const failures: unknown[] = [];
  const decode: (() => void)[] = [];
  const decoded: ReceivedPart[] = [];
  const pool: Pick<DecompressPool, 'decode' | 'buffers'> = {
    buffers: new BufferPool(4),
    decode: (part) => new Promise((resolve) => decode.push(() => resolve(part.frame)) && decoded.push(part)),
  };
  const assembler = new EpochAssembler(
    hasher,
    pool,
    new StreamRebuilder({ putPageHead, putZero }, shards),
    shards,
    (bytes) => Promise.resolve(void emitted.push(bytes)),
    (error) => failures.push(error),
  );
  return { assembler, emitted, failures, decode, decoded };
}

function announced({ number, rawBytes, digest, parts, table }: Epoch): AnnouncedEpoch {
  const shards = parts.map(({ shard }) => shard);
  return { number, rawBytes, digest, shards, tableBytes: table.length, table: () => Promise.resolve(table) };
}

function receivedParts({ parts }: Epoch): ReceivedPart[] {
  return parts.map(({ shard, pages, bytes }) => ({
    shard,
    pages,
    method: 'none',
    rawBytes: bytes.length,
    frame: Buffer.from(bytes),
  }));
}

describe('an assembler', () => {
  const sample = (): { bytes: Buffer; epochs: Epoch[] } => {
    const rounds = Array.from({ length: 3 }, (_, round) =>
      Array.from({ length: 60 }, (__, page) => ({
        block: 0,
        page,
        fill: 0,
        bytes: Buffer.alloc(pageBytes, page + round),
      })),
    );
    const bytes = sampleStream(rounds, Buffer.alloc(300, 5));
    return {
      bytes,
      epochs: epochsOf(bytes, { shards: 3, maxPartPages: 16, sizes: [9000], cuts: [false], plain: [false] }),
    };
  };

  it('emits epochs in order, however late their parts decode', async () => {
    const { bytes, epochs } = sample();
    const { assembler, emitted, failures, decode } = assembling(3);
    for (const epoch of epochs) {
      assembler.announce(announced(epoch));
      for (const part of receivedParts(epoch)) assembler.part(epoch.number, part);
    }
    expect(assembler.pendingBytes).toBe(bytes.length);
    for (const one of decode.reverse()) one();
    await assembler.drained();
    expect(failures).toEqual([]);
    expect(emitted.map(({ length }) => length)).toEqual(epochs.map(({ rawBytes }) => rawBytes));
    expect(Buffer.concat(emitted).equals(bytes)).toBe(true);
    expect(assembler.pendingBytes).toBe(0);
  });

  it('rebuilds the stream whatever the channels do to each other, each shard in its order', async () => {
    const choices = fc.record({
      channels: fc.integer({ min: 1, max: 16 }),
      channel: fc.infiniteStream(fc.nat(15)),
      next: fc.infiniteStream(fc.nat(15)),
    });
    await fc.assert(
      fc.asyncProperty(stream, plan, choices, async (bytes, how, { channels, channel, next }) => {
        const { assembler, emitted, failures, decode, decoded } = assembling(how.shards);
        const queues = Array.from({ length: channels }, (): (() => void)[] => []);
        const epochs = epochsOf(bytes, { ...how, layouts: [] }).slice(0, 64);
        for (const epoch of epochs) {
          queues[0]?.push(() => assembler.announce(announced(epoch)));
          for (const part of receivedParts(epoch)) {
            queues[channel.next().value % channels]?.push(() => assembler.part(epoch.number, part));
          }
        }
        // Each channel keeps its own order, and nothing is known of the others.
        for (let busy = queues; busy.length > 0; busy = busy.filter(({ length }) => length > 0)) {
          busy[next.next().value % busy.length]?.shift()?.();
        }
        for (let shard = 0; shard < how.shards; shard++) {
          const frames = epochs.flatMap((epoch) => receivedParts(epoch).filter((part) => part.shard === shard));
          const got = decoded.filter((part) => part.shard === shard);
          expect(got.map(({ frame }) => frame)).toEqual(frames.map(({ frame }) => frame));
        }
        for (const one of decode) one();
        await assembler.drained();
        expect(failures).toEqual([]);
        const length = epochs.reduce((sum, { rawBytes }) => sum + rawBytes, 0);
        expect(Buffer.concat(emitted).equals(bytes.subarray(0, length))).toBe(true);
        expect(assembler.pendingBytes).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('knows whether more has to come before the next epoch can leave', async () => {
    const { epochs } = sample();
    const { assembler, decode } = assembling(3);
    const [first, second] = epochs as [Epoch, Epoch];
    expect(assembler.nextIsWhole).toBe(false);
    assembler.announce(announced(first));
    assembler.announce(announced(second));
    for (const part of receivedParts(second)) assembler.part(2, part);
    expect(assembler.nextIsWhole).toBe(false);
    for (const part of receivedParts(first)) assembler.part(1, part);
    expect(assembler.nextIsWhole).toBe(true);
    for (const one of decode) one();
    await assembler.drained();
    expect(assembler.nextIsWhole).toBe(false);
  });

  it('emits nothing from the first epoch on whose bytes are not those that were sent', async () => {
    const { epochs } = sample();
    const { assembler, emitted, failures, decode } = assembling(3);
    for (const [i, epoch] of epochs.entries()) {
      assembler.announce(announced(epoch));
      for (const part of receivedParts(epoch)) {
        if (i === 1) part.frame[17] = (part.frame[17] ?? 0) ^ 1;
        assembler.part(epoch.number, part);
      }
    }
    for (const one of decode) one();
    await expect(assembler.drained()).rejects.toMatchObject({ code: 'wire-digest' });
    expect(failures[0]).toMatchObject({
      code: 'wire-digest',
      message: expect.stringMatching(/^epoch 2: digest/) as string,
    });
    expect(emitted).toHaveLength(1);
  });

  it('refuses what was not agreed on', () => {
    const { epochs } = sample();
    const [first] = epochs as [Epoch];
    const { assembler } = assembling(3);
    const announce = (change: Partial<AnnouncedEpoch>) => () => assembler.announce({ ...announced(first), ...change });
    expect(announce({ number: 0 })).toThrow('epoch 0 after epoch 0');
    expect(announce({ number: 2 })).toThrow('epoch 2 after epoch 0');
    expect(announce({ rawBytes: 0 })).toThrow('epoch of 0 bytes');
    expect(announce({ rawBytes: maxEpochBytes + 1 })).toThrow(`epoch of ${maxEpochBytes + 1} bytes`);
    for (const shards of [[3], [0, 3], [1, 0], [0, 0], [0, 1, 2, 2]]) {
      expect(announce({ shards })).toThrow(`epoch with parts of shards ${shards.join(', ')}, there are 3`);
    }
    const [part] = receivedParts(first) as [ReceivedPart];
    announce({ shards: [0, 1] })();
    assembler.part(1, { ...part, shard: 0 });
    expect(() => assembler.part(1, { ...part, shard: 0 })).toThrow('a second part of shard 0, epoch 1');
    for (const shard of [2, 3]) {
      expect(() => assembler.part(1, { ...part, shard })).toThrow(`a part of shard ${shard}, which epoch 1 has not`);
    }
    for (let number = 2; number <= 64; number++) announce({ number })();
    expect(announce({ number: 65 })).toThrow('epoch 65, expected one from 1 to 64');
  });

  it('holds no more of what comes early than the sender may have on the way', () => {
    const [first] = sample().epochs as [Epoch];
    const [part] = receivedParts(first) as [ReceivedPart];
    const most = { ...part, pages: 256, rawBytes: 256 * pageBytes, frame: Buffer.alloc(9) };
    for (const number of [0, 65, 2 ** 32 - 1]) {
      expect(() => assembling(3).assembler.part(number, part)).toThrow(`epoch ${number}, expected one from 1 to 64`);
    }
    const { assembler } = assembling(255);
    for (let shard = 0; shard < 4; shard++) assembler.part(1, { ...most, shard });
    expect(() => assembler.part(1, { ...part, shard: 4 })).toThrow('bytes in the parts of epoch 1');
    const few = { ...part, pages: 1, frame: Buffer.alloc(2 ** 20) };
    for (let shard = 0; shard < 4; shard++) assembler.part(2, { ...few, shard });
    expect(() => assembler.part(2, { ...part, shard: 4 })).toThrow('bytes in the parts of epoch 2');
    const another = assembling(4).assembler;
    for (let number = 1; number <= 32; number++) {
      for (let shard = 0; shard < 4; shard++) another.part(number, { ...most, shard });
    }
    expect(() => another.part(33, most)).toThrow('bytes in parts and tables at once');
  });

  it('refuses an early part again when its epoch turns out to have none of that shard', () => {
    const [first] = sample().epochs as [Epoch];
    const [part] = receivedParts(first) as [ReceivedPart];
    const { assembler, decode } = assembling(3);
    assembler.part(1, { ...part, shard: 2 });
    expect(() => assembler.part(1, { ...part, shard: 2 })).toThrow('a second part of shard 2, epoch 1');
    expect(() => assembler.announce({ ...announced(first), shards: [0, 1] })).toThrow('a part of shard 2');
    expect(decode).toEqual([]);
  });

  it('takes another layout between two epochs, and in no other place', async () => {
    const { epochs } = sample();
    const [first] = epochs as [Epoch];
    const { assembler, emitted, decode } = assembling(3);
    assembler.layOut(1);
    assembler.layOut(3); // there and back: the map need not be what it was
    assembler.layOut(5);
    const announce = () => assembler.announce({ ...announced(first), shards: [5] });
    expect(announce).toThrow('epoch with parts of shards 5, there are 5');
    const fresh = assembling(3);
    fresh.assembler.announce(announced(first));
    expect(() => fresh.assembler.layOut(4)).toThrow('a layout while epoch 1 is under way');
    for (const part of receivedParts(first)) fresh.assembler.part(1, part);
    expect(() => fresh.assembler.layOut(4)).toThrow('a layout while epoch 1 is under way');
    for (const one of fresh.decode) one();
    await fresh.assembler.drained();
    expect(fresh.emitted).toHaveLength(1);
    fresh.assembler.layOut(4);
    expect([emitted, decode]).toEqual([[], []]);
  });

  it('reports a table that does not decode, and leaves that of an epoch it refuses as it came', async () => {
    const [first] = sample().epochs as [Epoch];
    const { assembler, failures } = assembling(3);
    let unpacked = 0;
    const table = (): Promise<Uint8Array> => Promise.reject(new Error(`table ${(unpacked += 1)}`));
    expect(() => assembler.announce({ ...announced(first), number: 7, table })).toThrow('epoch 7 after epoch 0');
    expect(unpacked).toBe(0);
    assembler.announce({ ...announced(first), table });
    await new Promise(setImmediate);
    expect(failures).toEqual([new Error('table 1')]);
  });

  it('counts tables as it counts parts, and unpacks none that would be too much', () => {
    const [first] = sample().epochs as [Epoch];
    const { assembler } = assembling(3);
    let unpacked = 0;
    const head = { ...announced(first), tableBytes: maxTableBytes };
    const announce = (number: number) => () => {
      assembler.announce({ ...head, number, table: () => Promise.resolve(Buffer.alloc((unpacked += 1))) });
    };
    for (let number = 1; number <= 25; number++) announce(number)();
    expect(announce(26)).toThrow(`${26 * maxTableBytes} bytes in parts and tables at once`);
    expect(unpacked).toBe(25);
  });

  it('keeps no more of what a part came with than the part', () => {
    const [first] = sample().epochs as [Epoch];
    const { assembler, decoded } = assembling(3);
    const [part] = receivedParts(first) as [ReceivedPart];
    const chunk = Buffer.alloc(65_536);
    const parts = [chunk.subarray(100, 200), chunk.subarray(100, 20_000)].map((frame, shard) => ({
      ...part,
      shard,
      frame,
    }));
    for (const one of parts) assembler.part(1, one);
    assembler.announce({ ...announced(first), shards: [0, 1] });
    expect(decoded.map(({ frame }) => frame.length)).toEqual([100, 19_900]);
    expect(decoded.map(({ frame }) => frame.buffer.byteLength)).toEqual([100, 65_536]);
  });
});
