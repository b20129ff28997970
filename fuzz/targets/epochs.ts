import xxhash from 'xxhash-wasm';
import { BufferPool } from '../../src/codec/buffer-pool';
import { EpochBuilder, type Epoch } from '../../src/engine/dispatch/epoch-builder';
import { EpochAssembler } from '../../src/engine/receive/epoch-assembler';
import { StreamRebuilder } from '../../src/engine/receive/rebuild';
import { StreamParser } from '../../src/engine/stream/parser';
import { mutateBytes } from '../mutate';
import type { Random } from '../random';
import { must, taken, type FuzzTarget } from '../target';
import { recordFormat, someStream } from './stream';

const hashing = xxhash();

async function someEpochs(random: Random, shards: number): Promise<{ stream: Buffer; epochs: Epoch[] }> {
  const stream = someStream(random);
  const builder = new EpochBuilder(await hashing, shards, 64);
  const parser = new StreamParser(builder);
  const epochs: Epoch[] = [];
  const pieces = 1 + random.below(3);
  for (let i = 0; i < pieces; i++) {
    const piece = stream.subarray((i * stream.length) / pieces, ((i + 1) * stream.length) / pieces);
    parser.push(piece);
    builder.fed(piece);
    const epoch = builder.cut();
    if (epoch !== undefined) epochs.push(epoch);
  }
  parser.end();
  builder.fed(Buffer.alloc(0));
  const last = builder.cut();
  return { stream, epochs: last === undefined ? epochs : [...epochs, last] };
}

/** Order tables: they rebuild so many bytes as were announced, or are refused. */
export const tables: FuzzTarget = {
  name: 'tables',
  weight: 3,
  run: async (random) => {
    const shards = 1 + random.below(4);
    const [epoch] = (await someEpochs(random, shards)).epochs;
    if (epoch === undefined) return 'refused';
    const parts = Array.from({ length: shards }, (_, shard) => {
      const part = epoch.parts.find((one) => one.shard === shard);
      return part && Buffer.from(part.bytes);
    });
    const table = random.give(mutateBytes(epoch.table, random));
    const rawBytes = random.chance(0.8) ? epoch.rawBytes : random.below(2 * epoch.rawBytes);
    const rebuilder = new StreamRebuilder(recordFormat, shards);
    const bytes = taken(['codec'], () => rebuilder.rebuild(table, rawBytes, parts));
    if (bytes === undefined) return 'refused';
    must(bytes.length === rawBytes, 'another length than was announced');
    return 'taken';
  },
};

/** Epochs as a whole: every byte that is let through is the source's own, in its order; the first that is not, ends it. */
export const epochs: FuzzTarget = {
  name: 'epochs',
  weight: 1,
  run: async (random) => {
    const shards = 1 + random.below(4);
    const { stream, epochs: sent } = await someEpochs(random, shards);
    const out: Buffer[] = [];
    const failures: unknown[] = [];
    const assembler = new EpochAssembler(
      await hashing,
      { buffers: new BufferPool(4), decode: ({ frame }) => Promise.resolve(frame) },
      new StreamRebuilder(recordFormat, shards),
      shards,
      (bytes) => Promise.resolve(void out.push(Buffer.from(bytes))),
      (error) => failures.push(error),
    );
    const spoil = <T extends Uint8Array>(bytes: T): Buffer => mutateBytes(bytes, random, random.chance(0.3) ? 2 : 0);
    const delivered = taken(['wire-protocol'], () => {
      for (const { number, rawBytes, digest, parts, table } of sent) {
        const given = random.give(spoil(table));
        const announced = random.chance(0.97) ? number : random.below(80);
        const named = parts.map(({ shard }) => (random.chance(0.98) ? shard : random.below(shards + 1)));
        const head = { number: announced, rawBytes, digest, shards: named, tableBytes: given.length };
        assembler.announce({ ...head, table: () => Promise.resolve(given) });
        for (const { shard, pages, bytes } of parts) {
          const frame = spoil(bytes);
          assembler.part(number, { shard, pages, method: 'none', rawBytes: frame.length, frame });
        }
      }
      return true;
    });
    if (delivered) await assembler.drained().catch((error: unknown) => failures.push(error));
    const came = Buffer.concat(out);
    must(came.equals(stream.subarray(0, came.length)), 'bytes that are not the source’s were let through');
    must(
      failures.length > 0 || !delivered || came.length === stream.length,
      'nothing failed, and something is missing',
    );
    return came.length === stream.length ? 'taken' : 'refused';
  },
};
