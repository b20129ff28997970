import { putPageHead, putZero } from '../src/engine/stream/format';
import { StreamParser, type StreamSink } from '../src/engine/stream/parser';
import { ramPart, ramSectionEnd, ramStart, streamHead } from '../src/engine/stream/write';
import { pageBytes } from '../src/shared/settings';
import { type Bench, count } from './kit/bench';
import { digits } from './kit/table';
import { sideBySide } from './kit/timing';

const pages = 32768;
const shapes = { full: Infinity, 'half zero': 2 } as const;
const chunks = [4096, 65536, 262144];

/** The parser alone, as it stands in the main loop: a plain stream of full and zero pages in socket-sized chunks. */
export const stream: Bench = {
  name: 'stream',
  summary: 'the stream parser alone, by chunk size',
  options: (command) => command.option('--passes <n>', 'passes of each, the fastest counts', '10'),
  async run(options) {
    const works = Object.entries(shapes).flatMap(([shape, zeroEvery]) => {
      const bytes = sampleStream(zeroEvery);
      return chunks.map((chunk) => ({
        name: `${shape}.${chunk}`,
        shape,
        chunk,
        bytes: bytes.length,
        run: () => parse(bytes, chunk),
      }));
    });
    const speeds = await sideBySide(works, count(options, 'passes'), 1);
    const rows = works.map(({ name, shape, chunk }) => ({
      shape,
      chunk,
      megabytesPerSecond: (speeds.get(name) ?? NaN) * 1000,
    }));
    const figures = rows.map(
      (row) => [`megabytesPerSecond.${row.shape}.${row.chunk}`, row.megabytesPerSecond] as const,
    );
    return {
      parameters: { pages },
      figures: Object.fromEntries(figures),
      rows,
      tables: [
        {
          title: 'Stream parser, MB/s of stream',
          head: ['pages', ...chunks.map((chunk) => `${chunk / 1024} KiB chunks`)],
          rows: Object.keys(shapes).map((shape) => [
            shape,
            ...rows.filter((row) => row.shape === shape).map((row) => digits(row.megabytesPerSecond)),
          ]),
        },
      ],
      charts: [],
    };
  },
};

function sampleStream(zeroEvery: number): Buffer {
  const name = Buffer.from('pc.ram');
  const body = Buffer.alloc(pages * (pageBytes + 8) + 16);
  let at = 0;
  for (let page = 0; page < pages; page++) {
    const block = page === 0 ? name : undefined;
    if (page % zeroEvery === 1) at = putZero(body, at, page * pageBytes, block, 0);
    else at = putPageHead(body, at, page * pageBytes, block) + pageBytes;
  }
  const head = ramStart(2, [{ name: 'pc.ram', usedBytes: pages * pageBytes }]);
  const parts = [streamHead('pc-i440fx-7.2'), head, ramSectionEnd(2), ramPart(2), body.subarray(0, at)];
  return Buffer.concat([...parts, ramSectionEnd(2)]);
}

function parse(bytes: Buffer, chunkBytes: number): void {
  let seen = 0;
  const sink: StreamSink = {
    block: () => undefined,
    page: (_block, _offset, _named, page) => (seen += page.length),
    zero: () => (seen += 1),
    raw: () => undefined,
    opaque: (reason) => {
      throw new Error(`Parser: expected to understand the stream, got ${reason}`);
    },
  };
  const parser = new StreamParser(sink);
  for (let at = 0; at < bytes.length; at += chunkBytes) parser.push(bytes.subarray(at, at + chunkBytes));
  if (seen < pages) throw new Error(`Parser: expected ${pages} pages, found ${seen}`);
}
