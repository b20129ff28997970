import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferPool } from '../codec/buffer-pool';
import { maxEpochBytes, maxTableBytes } from '../codec/order-table';
import { pageBytes } from '../shared/settings';
import type { Epoch } from './dispatch/epoch-builder';
import { epochsOf, hasher, plan, stream } from './epochs.testing';
import { EpochAssembler, type AnnouncedEpoch } from './receive/epoch-assembler';
import type { DecompressPool, ReceivedPart } from './receive/decompress-pool';
import { StreamRebuilder } from './receive/rebuild';
import { putPageHead, putZero } from './stream/format';
import { sampleStream } from './testing';

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
