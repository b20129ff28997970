import { putPageHead, putZero } from '../../src/engine/stream/format';
import { StreamParser } from '../../src/engine/stream/parser';
import { StreamSerialiser } from '../../src/engine/stream/serialise';
import { maxHeldBytes } from '../../src/engine/stream/testing';
import { sampleBlocks, sampleStream, type SampleRecord } from '../../src/engine/testing';
import { pageBytes } from '../../src/shared/settings';
import { inPieces, mutateBytes } from '../mutate';
import type { Random } from '../random';
import { must, type FuzzTarget } from '../target';

/** A source's stream of a few pages. */
export function someStream(random: Random): Buffer {
  const rounds = Array.from({ length: 1 + random.below(3) }, () =>
    Array.from({ length: random.below(8) }, () => someRecord(random)),
  );
  return sampleStream(rounds, random.bytes(random.below(200)));
}

function someRecord(random: Random): SampleRecord {
  const [block, fill] = [random.below(sampleBlocks.length), random.chance(0.5) ? 0 : random.below(256)];
  const record = { block, page: random.below(64), fill };
  return random.chance(0.5) ? record : { ...record, bytes: Buffer.alloc(pageBytes, `${record.page}-${fill} `) };
}

/** Whatever a source sends, what the parser reports and written out again is what came, and little is held back. */
export const stream: FuzzTarget = {
  name: 'stream',
  weight: 2,
  run: (random) => {
    const bytes = random.give(mutateBytes(random.chance(0.05) ? random.bytes(300) : someStream(random), random, 6));
    const out: Buffer[] = [];
    const parser = new StreamParser(new StreamSerialiser((piece) => out.push(piece)));
    for (const piece of inPieces(bytes, random)) {
      const chunk = Buffer.from(piece);
      parser.push(chunk);
      chunk.fill(0xee); // nobody may keep a view of a chunk
      must(parser.heldBytes <= maxHeldBytes, `${parser.heldBytes} bytes held back`);
    }
    const understood = parser.phase !== 'opaque';
    parser.end();
    must(Buffer.concat(out).equals(bytes), 'the stream written out again is another one');
    return understood ? 'taken' : 'refused';
  },
};

export const recordFormat = { putPageHead, putZero };
