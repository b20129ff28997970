import fc from 'fast-check';
import { beforeAll } from 'vitest';
import xxhash, { type XXHashAPI } from 'xxhash-wasm';
import { pageBytes } from '../shared/settings';
import { EpochBuilder, type Epoch } from './dispatch/epoch-builder';
import { StreamParser } from './stream/parser';
import { sampleBlocks, sampleStream, type SampleRecord } from './testing';

/** There once a test runs. */
export let hasher: XXHashAPI;

beforeAll(async () => {
  hasher = await xxhash();
});

/** How a stream is taken apart. */
export interface Plan {
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
export function epochsOf(stream: Uint8Array, { shards, maxPartPages, sizes, cuts, plain, layouts }: Plan): Epoch[] {
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

/** Any way to take one apart. */
export const plan: fc.Arbitrary<Plan> = fc.record({
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

/** Any stream of a machine with the sample's blocks. */
export const stream = fc
  .tuple(
    fc.array(fc.array(record, { maxLength: 40 }), { minLength: 1, maxLength: 4 }),
    fc.uint8Array({ maxLength: 900 }),
  )
  .map(([rounds, device]) => sampleStream(rounds, device));

/** In one piece. */
export const whole: Plan = { shards: 4, maxPartPages: 64, sizes: [65_536], cuts: [false], plain: [false] };
