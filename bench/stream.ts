/*
 * How fast the parser goes through the main loop: a plain stream of full and zero pages in socket-sized chunks.
 * Run with `npx vite-node`-like runners or after bundling; prints the fastest of ten passes in MB/s.
 */
import { putPageHead, putZero } from '../src/engine/stream/format';
import { StreamParser, type StreamSink } from '../src/engine/stream/parser';
import { ramPart, ramSectionEnd, ramStart, streamHead } from '../src/engine/stream/write';

const pages = 32768;
const passes = 10;

function sampleStream(zeroEvery: number): Buffer {
  const name = Buffer.from('pc.ram');
  const body = Buffer.alloc(pages * 4104 + 16);
  let at = 0;
  for (let page = 0; page < pages; page++) {
    const block = page === 0 ? name : undefined;
    if (page % zeroEvery === 1) at = putZero(body, at, page * 4096, block, 0);
    else at = putPageHead(body, at, page * 4096, block) + 4096;
  }
  const head = ramStart(2, [{ name: 'pc.ram', usedBytes: pages * 4096 }]);
  const parts = [streamHead('pc-i440fx-7.2'), head, ramSectionEnd(2), ramPart(2), body.subarray(0, at)];
  return Buffer.concat([...parts, ramSectionEnd(2)]);
}

function fastestMegabytesPerSecond(stream: Buffer, chunkBytes: number): number {
  let best = 0;
  for (let pass = 0; pass < passes; pass++) {
    let seen = 0;
    const sink: StreamSink = {
      block: () => undefined,
      page: (_block, _offset, _named, page) => (seen += page.length),
      zero: () => (seen += 1),
      raw: () => undefined,
      opaque: (reason) => console.error(`opaque: ${reason}`),
    };
    const parser = new StreamParser(sink);
    const start = performance.now();
    for (let at = 0; at < stream.length; at += chunkBytes) parser.push(stream.subarray(at, at + chunkBytes));
    best = Math.max(best, stream.length / 1000 / (performance.now() - start));
    if (seen < pages) throw new Error(`only ${seen} of ${pages} pages were found`);
  }
  return Math.round(best);
}

for (const [label, zeroEvery] of [
  ['full pages', Infinity],
  ['every second page zero', 2],
] as const) {
  const stream = sampleStream(zeroEvery);
  for (const chunkBytes of [4096, 65536, 262144]) {
    console.log(`${label}, ${chunkBytes} B chunks: ${fastestMegabytesPerSecond(stream, chunkBytes)} MB/s`);
  }
}
