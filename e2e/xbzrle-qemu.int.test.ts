import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { deltaRoomBytes, XbzrleArena } from '../src/codec/xbzrle/xbzrle';
import type { QmpClient } from '../src/engine/qmp/client';
import { queryStatus, setCapabilities } from '../src/engine/qmp/migrate';
import type { QemuPair } from '../src/guest/qemu-pair';
import { sampleGuest } from '../src/guest/qemu-sample';
import { pageBytes } from '../src/shared/settings';
import { type PageDelta, withDeltas } from './kit/delta-stream';
import { monitor, samplePair } from './kit/pairs';
import { readRam } from './kit/ram';
import { CaptureSink, Cleanups } from './kit/stream-capture';

const mebibyte = 2 ** 20;
const block = 'pc.ram';
const arena = new XbzrleArena(2 * pageBytes + deltaRoomBytes);

interface Target {
  readonly name: string;
  /** Bytes from the start of memory; below 3.5 GiB that is also the offset in the block. */
  readonly address: number;
  /** What the page becomes, step by step, given what it is. */
  readonly steps: (old: Uint8Array) => readonly Uint8Array[];
}

describe('our XBZRLE, applied by a QEMU destination', () => {
  it('gives exactly the pages that were encoded', async () => {
    const { source, destination, pair } = await stoppedGuest();
    const wanted = new Map<number, Uint8Array>();
    const deltas: PageDelta[] = [];
    for (const { address, steps } of targets()) {
      let old: Uint8Array = await readRam(source, pair.directory, address, pageBytes);
      for (const now of steps(old)) {
        deltas.push({ block, offset: address, payload: encode(old, now) });
        old = now;
      }
      wanted.set(address, old);
    }
    expect(deltas.length).toBeGreaterThan(300);
    expect(await load(destination, pair, withDeltas(await capture(source, pair), deltas))).toBe('completed');

    expect((await queryStatus(destination)).running).toBe(false);
    const { address, bytes } = areaOf(targets());
    const there = await readRam(destination, pair.directory, address, bytes);
    const here = await readRam(source, pair.directory, address, bytes);
    for (let at = 0; at < bytes; at += pageBytes) {
      const expected = wanted.get(address + at) ?? here.subarray(at, at + pageBytes);
      expect(there.subarray(at, at + pageBytes).equals(expected), nameOf(address + at)).toBe(true);
    }
  });

  // The same payloads that our own decoder refuses.
  it.each([
    ['a lone byte where a pair must start', [0x05]],
    ['a run of no new bytes', [0x01, 0x00]],
    ['a run of no equal bytes in the middle', [0x00, 0x01, 0xaa, 0x00, 0x01, 0xbb]],
    ['bytes past the end of the page', [0xff, 0x1f, 0x02, 0xaa, 0xbb]],
    ['new bytes that are not there', [0x00, 0x05, 0xaa]],
  ])('is refused for %s', async (_, payload) => {
    expect(decodes(payload)).toBe(false);
    const { source, destination, pair } = await stoppedGuest();
    const delta = { block, offset: sampleGuest.fill.address, payload: Uint8Array.from(payload) };
    const outcome = await load(destination, pair, withDeltas(await capture(source, pair), [delta]));
    expect(outcome).toContain('error while loading state');
  });
});

/** Pages of every kind a fill makes, and zero pages behind them. */
function targets(): readonly Target[] {
  const random = randomBytes(1);
  const filled = Array.from({ length: 256 }, (_, i) => ({
    name: `page ${i}, changed at random`,
    address: sampleGuest.fill.address + i * pageBytes,
    steps: (old: Uint8Array) => {
      const first = changed(old, random);
      return i % 4 === 0 ? [first, first, changed(first, random)] : [first];
    },
  }));
  const vectors = knownPages.map(([name, page], i) => ({
    name,
    address: sampleGuest.fill.address + mebibyte + i * pageBytes,
    steps: () => [page],
  }));
  return [...filled, ...vectors];
}

const zeros = new Uint8Array(pageBytes);
const at = (offset: number, value: number): Uint8Array => zeros.map((_, i) => (i === offset ? value : 0));
const differing = (from: number, to: number): Uint8Array =>
  zeros.map((_, i) => (i >= from && i < to ? 1 + (i % 255) : 0));

/** What the vectors of the format make of a zero page. */
const knownPages: readonly (readonly [string, Uint8Array])[] = [
  ['identical', zeros],
  ['byte 0', at(0, 1)],
  ['byte 4095', at(4095, 7)],
  ['byte 127', at(127, 1)],
  ['byte 128', at(128, 1)],
  ['3 equal, 4093 differ', differing(3, 4096)],
  ['3 equal, 4091 differ, 2 equal', differing(3, 4094)],
  ['every third byte', zeros.map((_, i) => (i % 3 === 0 && i < 3000 ? 9 : 0))],
];

/** Up to 40 runs of up to 30 bytes written over; sometimes with what was there. */
function changed(old: Uint8Array, random: () => number): Uint8Array {
  const now = Uint8Array.from(old);
  for (let runs = random() % 40; runs >= 0; runs--) {
    const start = (random() * 16 + (random() % 16)) % pageBytes;
    for (let i = start; i < Math.min(start + (random() % 30), pageBytes); i++) now[i] = random();
  }
  return now;
}

/** Bytes, the same for the same seed (a linear congruential generator's upper bits). */
function randomBytes(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24;
}

function encode(old: Uint8Array, now: Uint8Array): Uint8Array {
  const [base, page] = [arena.arenaStart, arena.arenaStart + pageBytes];
  arena.bytes(base, pageBytes).set(old);
  arena.bytes(page, pageBytes).set(now);
  const length = arena.encode(base, page, page + pageBytes);
  if (length === undefined) throw new Error('the delta does not fit');
  return Uint8Array.from(arena.bytes(page + pageBytes, length));
}

function decodes(payload: readonly number[]): boolean {
  const [page, from] = [arena.arenaStart, arena.arenaStart + pageBytes];
  arena.bytes(from, payload.length).set(payload);
  return arena.decode(page, from, payload.length);
}

function areaOf(all: readonly Target[]): { readonly address: number; readonly bytes: number } {
  const address = Math.min(...all.map((target) => target.address));
  return { address, bytes: Math.max(...all.map((target) => target.address)) + pageBytes - address };
}

const nameOf = (address: number): string => targets().find((target) => target.address === address)?.name ?? 'untouched';

async function stoppedGuest(): Promise<{ source: QmpClient; destination: QmpClient; pair: QemuPair }> {
  const pair = await samplePair({ memoryBytes: 48 * mebibyte, fillBytes: mebibyte });
  const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
  await source.execute('stop');
  return { source, destination, pair };
}

async function capture(source: QmpClient, pair: QemuPair): Promise<Buffer> {
  const cleanups = new Cleanups();
  onTestFinished(() => cleanups.run());
  const sink = await CaptureSink.listen(pair.directory, cleanups);
  await setCapabilities(source, { events: true });
  const completed = source.waitFor('MIGRATION', ({ data }) => data['status'] === 'completed');
  await source.execute('migrate', { uri: `unix:${sink.path}` });
  await completed;
  return sink.stream();
}

/** Feeds a stream to the waiting QEMU; `completed`, or how it ended. */
async function load(destination: QmpClient, pair: QemuPair, stream: Buffer): Promise<string> {
  const path = `${pair.directory}/incoming`;
  await setCapabilities(destination, { events: true });
  const completed = destination.waitFor('MIGRATION', ({ data }) => data['status'] === 'completed');
  await destination.execute('migrate-incoming', { uri: `unix:${path}` });
  const socket = connect(path);
  socket.on('error', () => undefined); // QEMU ends in the middle of a stream it refuses
  socket.end(stream);
  return completed.then(
    () => 'completed',
    () => pair.sides.destination.process.exited,
  );
}
