import { randomUUID } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startMigration, type RunningMigration } from '../src/engine/migration';
import { queryCapabilities, setCapabilities } from '../src/engine/qmp/migrate';
import type { SamplePair } from '../src/shared/guest';
import { defaultSettings, type MigrationSettings, type SettingsChange } from '../src/shared/settings';
import type { Snapshot } from '../src/shared/snapshot';
import type { SpawnWorker } from '../src/shared/worker';
import { ownWorkers } from './kit/own-workers';
import { expectStatus, monitor, samplePair } from './kit/pairs';
import { differingPages } from './kit/ram';
import { endWithTest, seen } from './kit/runs';
import { until } from './kit/until';

const mebibyte = 2 ** 20;
const memoryBytes = 64 * mebibyte;
const own = ownWorkers('compress', 'decompress', 'builtin-guest');

/** Pages of random bytes, rewritten faster than any of the limits below lets them through. */
function restlessPair(): Promise<SamplePair> {
  return own.builtinPair({ memoryBytes, workload: 'random', seed: 3, rate: 4000 });
}

/** A migration that stays slow and does not end by itself, left paused at the destination once it does. */
function migrate(
  pair: SamplePair,
  settings: Partial<MigrationSettings> = {},
  spawn: SpawnWorker = own.spawn,
): RunningMigration {
  const slow = { compressThreads: 2, maxBandwidth: 2e6, downtimeLimitMs: 1, paused: true };
  return endWithTest(startMigration({ ...pair, settings: { ...defaultSettings, ...slow, ...settings }, spawn }));
}

const underWay = (run: RunningMigration): Promise<Snapshot> =>
  seen(run, 'bytes on the wire', ({ state, wireBytes }) => state !== 'preparing' && wireBytes > 500_000);

/** Wire bytes a second from now on, over a stretch of the run's own clock. */
async function wireRate(run: RunningMigration): Promise<number> {
  const from = run.snapshot();
  const to = await seen(run, 'a second and a half', ({ elapsedMs }) => elapsedMs > from.elapsedMs + 1500);
  return ((to.wireBytes - from.wireBytes) * 1000) / (to.elapsedMs - from.elapsedMs);
}

async function expectEqualRam(pair: SamplePair): Promise<void> {
  const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
  await expectStatus(destination, 'paused');
  expect(await differingPages(source, destination, own.directory, memoryBytes)).toEqual([]);
}

async function expectRunningOnSource(pair: SamplePair): Promise<void> {
  await expectStatus(await monitor(pair.source), 'running');
}

describe('a migration whose settings are changed under way', () => {
  it('follows the bandwidth limit up and down', async () => {
    const run = migrate(await restlessPair(), { maxBandwidth: 1e6 });
    await underWay(run);
    expect(await wireRate(run)).toBeLessThan(1.1e6);
    expect((await run.control.change({ maxBandwidth: 8e6 })).maxBandwidth).toBe(8e6);
    expect(run.snapshot().settings.maxBandwidth).toBe(8e6);
    // Above what was the limit before; how far above, and how soon, is a matter of the machine.
    await until(async () => {
      const fast = await wireRate(run);
      expect(fast).toBeLessThan(8.5e6);
      return fast > 1.2e6;
    }, 'more than the limit before');
    await run.control.change({ maxBandwidth: 5e5 });
    expect(await wireRate(run)).toBeLessThan(6e5);
  });

  it('compresses by the method and level in force', async () => {
    const pair = await own.builtinPair({ memoryBytes, workload: 'erp', seed: 3 });
    const run = migrate(pair, { method: 'none', level: 0 });
    const plain = await underWay(run);
    expect(plain.wireClasses.normal).toBe(0);
    expect(await run.control.change({ method: 'zstd', level: 3 })).toMatchObject({ method: 'zstd', level: 3 });
    const compressed = await seen(run, 'compressed pages', ({ wireClasses }) => wireClasses.normal > 200_000);
    expect(compressed.compression).toMatchObject({ method: 'zstd', level: 3 });
    await run.control.change({ method: 'zlib', level: 9 });
    await seen(run, 'more of them', ({ wireClasses }) => wireClasses.normal > compressed.wireClasses.normal + 200_000);
    await run.control.change({ maxBandwidth: 0, downtimeLimitMs: 2000 });
    expect(await run.finished).toMatchObject({ status: 'completed', compression: { method: 'zlib', level: 9 } });
    await expectEqualRam(pair);
  });

  it('ends once the downtime limit allows it', async () => {
    const pair = await restlessPair();
    const run = migrate(pair, { maxBandwidth: 8e6 });
    await seen(run, 'rounds that do not help', ({ rounds }) => rounds >= 3);
    const { state } = run.snapshot();
    expect(state).toBe('iterating');
    await run.control.change({ downtimeLimitMs: 60_000 });
    const source = await monitor(pair.source);
    const parameters = await source.execute<Record<string, number>>('query-migrate-parameters');
    // Less than all of it in moments in which the stream flows faster than it does on the whole.
    expect(parameters['downtime-limit']).toBeGreaterThan(300);
    expect(parameters['downtime-limit']).toBeLessThanOrEqual(59_880);
    expect(await run.finished).toMatchObject({ status: 'completed' });
    await expectEqualRam(pair);
  });

  it.each<[string, SettingsChange, RegExp]>([
    ['a level no method has', { level: 20 }, /Compression level: zstd takes 1 to 19, got 20/],
    ['a level of another method', { method: 'zlib', level: 12 }, /zlib takes 0 to 9, got 12/],
    ['a negative bandwidth', { maxBandwidth: -1 }, /Bandwidth limit: expected 0 to 8Tbit, got -1B\/s/],
    ['no downtime at all', { downtimeLimitMs: 0 }, /Downtime limit: expected 1ms to 2000s, got 0/],
    ['what cannot be changed', { paused: false } as SettingsChange, /Leave paused: cannot be changed/],
  ])('refuses %s and goes on as it was', async (_, change, message) => {
    const run = migrate(await restlessPair());
    await underWay(run);
    const before = run.snapshot().settings;
    const refusal = await run.control.change(change).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'usage', message: expect.stringMatching(message) as string });
    expect(run.snapshot().settings).toEqual(before);
  });

  it('refuses everything before it flows and after its end', async () => {
    const run = migrate(await restlessPair());
    const early = run.control.change({ level: 2 });
    await expect(early).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('preparing') as string,
    });
    expect(() => run.control.pause()).toThrow('cannot pause');
    await underWay(run);
    run.cancel();
    await run.finished;
    const late = run.control.forceSwitchover();
    await expect(late).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('cancelled') as string,
    });
    expect(() => run.control.pause()).toThrow('it is cancelled');
  });
});

describe('a migration with auto-converge', () => {
  it.each([false, true])('asks it of the source when it is %s, also after another run', async (autoConverge) => {
    const pair = await restlessPair();
    const source = await monitor(pair.source);
    await setCapabilities(source, { 'auto-converge': !autoConverge });
    await underWay(migrate(pair, { autoConverge }));
    expect((await queryCapabilities(source)).get('auto-converge')).toBe(autoConverge);
  });
});

describe('a migration whose flow is controlled', () => {
  it('puts nothing on the wire while paused, and goes on from there', async () => {
    const pair = await restlessPair();
    const run = migrate(pair);
    await underWay(run);
    run.control.pause();
    const held = run.snapshot();
    expect(held.flow).toBe('paused');
    const later = await seen(run, 'time to pass', ({ elapsedMs }) => elapsedMs > held.elapsedMs + 1000);
    expect(later.wireBytes).toBe(held.wireBytes);
    await expectRunningOnSource(pair);
    run.control.resume();
    const resumed = await seen(run, 'more bytes', ({ wireBytes }) => wireBytes > held.wireBytes + 500_000);
    expect(resumed.flow).toBeUndefined();
    await run.control.forceSwitchover();
    expect(await run.finished).toMatchObject({ status: 'completed' });
    await expectEqualRam(pair);
  });

  it('is cancelled while paused, the guest staying where it is', async () => {
    const pair = await restlessPair();
    const run = migrate(pair);
    await underWay(run);
    run.control.pause();
    run.cancel();
    expect(await run.finished).toMatchObject({ status: 'cancelled', guestRunningOn: 'source' });
    await expectRunningOnSource(pair);
  });

  it('that would never converge switches over when forced, and has said at what cost', async () => {
    const pair = await restlessPair();
    const run = migrate(pair, { maxBandwidth: 8e6 });
    await seen(run, 'rounds that do not help', ({ rounds, state }) => rounds >= 3 && state === 'iterating');
    const cost = await until(() => run.control.switchoverCost(), 'a cost');
    expect(cost.high).toBeGreaterThan(cost.low);
    await run.control.forceSwitchover();
    expect(run.snapshot().flow).toBe('forced');
    // The source may have stopped the guest by now, or even be through.
    expect(() => run.control.pause()).toThrow(/has been forced|it is (switchover|confirming|completed)/);
    const limit = run.control.change({ downtimeLimitMs: 10 });
    const refusal = expect.stringMatching(/has been forced|it is (confirming|completed)/) as string;
    await expect(limit).rejects.toMatchObject({ code: 'usage', message: refusal });
    expect(await run.finished).toMatchObject({ status: 'completed' });
    await expectEqualRam(pair);
  });

  it('can be forced from the pause, in the first pass', async () => {
    const pair = await restlessPair();
    const run = migrate(pair);
    await underWay(run);
    run.control.pause();
    await run.control.forceSwitchover();
    await run.control.change({ maxBandwidth: 0 });
    expect(await run.finished).toMatchObject({ status: 'completed' });
    await expectEqualRam(pair);
  });
});

/** A way to the source's monitor on which somebody else can say something too: QEMU serves one client at a time. */
async function sharedMonitor(address: string): Promise<{ address: string; stop: () => void }> {
  const path = join(own.directory, `shared-${randomUUID()}.qmp`);
  let far: Socket | undefined;
  const server = createServer((near) => {
    far = connect(address.replace(/^unix:/, ''));
    pipeline(near, far, near, () => undefined);
  });
  await new Promise<void>((listening) => server.listen(path, listening));
  onTestFinished(() => void server.close());
  return { address: path, stop: () => far?.write('{"execute":"stop","id":"an operator"}\n') };
}

describe('a guest that its operator stops in mid-migration', () => {
  it.each<[string, () => Promise<SamplePair>]>([
    ['the built-in guest', restlessPair],
    ['a guest in QEMU', () => samplePair({ memoryBytes, rate: 'max', fillBytes: 32 * mebibyte })],
  ])('is not switching over, and stays paused when it arrives (%s)', async (_, start) => {
    const pair = await start();
    const operator = await sharedMonitor(pair.source);
    const settings = { method: 'none', xbzrleCacheBytes: 0, paused: false, maxBandwidth: 8e6 } as const;
    const run = migrate({ ...pair, source: operator.address }, settings);
    await seen(run, 'rounds', ({ state, rounds }) => state === 'iterating' && rounds >= 2);
    operator.stop();
    const held = await seen(run, 'a word of it', ({ notice }) => notice?.includes('stopped the guest') === true);
    expect(held).toMatchObject({ state: 'iterating', guestRunningOn: 'none' });
    await run.control.change({ maxBandwidth: 0 });
    const report = await run.finished;
    expect(report).toMatchObject({ status: 'completed', guestRunningOn: 'none' });
    expect(report).not.toHaveProperty('downtimeMs');
    await expectEqualRam(pair);
  });
});

/** Every change of cache and threads, back and forth, each seen at work by the pages that went after it. */
const layouts: readonly SettingsChange[] = [
  { xbzrleCacheBytes: 32 * mebibyte },
  { compressThreads: 5 },
  { xbzrleCacheBytes: 2 * mebibyte },
  { xbzrleCacheBytes: 0 },
  { compressThreads: 1 },
  { xbzrleCacheBytes: 16 * mebibyte },
  { compressThreads: 3, xbzrleCacheBytes: 24 * mebibyte },
];

async function walkLayouts(run: RunningMigration): Promise<void> {
  for (const layout of layouts) {
    expect(await run.control.change(layout)).toMatchObject(layout);
    const before = run.snapshot();
    expect(before.settings).toMatchObject(layout);
    const { compressThreads, xbzrleCacheBytes } = before.settings;
    expect(before.workers.map(({ name }) => name)).toEqual(
      Array.from({ length: compressThreads }, (_, i) => `compress-${i}`),
    );
    expect(before.cache.size).toBe(xbzrleCacheBytes);
    const moved = ({ pages: { normal, xbzrle, unchanged } }: Snapshot): number => normal + xbzrle + unchanged;
    await seen(run, `pages after ${JSON.stringify(layout)}`, (now) => moved(now) > moved(before) + 1500);
  }
}

describe('a migration whose cache and threads are changed under way', () => {
  const slow = { maxBandwidth: 8e6, xbzrleCacheBytes: 8 * mebibyte };

  async function seedPair(): Promise<SamplePair> {
    const pair = await own.builtinPair({ memoryBytes, workload: 'seed', seed: 3 });
    return pair;
  }

  it('arrives whole after growing, shrinking, off and on, with more threads and fewer', async () => {
    const pair = await seedPair();
    const run = migrate(pair, slow);
    await underWay(run);
    await walkLayouts(run);
    await run.control.change({ maxBandwidth: 0, downtimeLimitMs: 5000 });
    const report = await run.finished;
    expect(report).toMatchObject({ status: 'completed', cache: { size: 24 * mebibyte } });
    const { cache, pages } = report;
    expect(cache.evictions).toBeGreaterThan(0);
    expect(pages.xbzrle).toBeGreaterThan(0);
    expect(cache.shards).toHaveLength(5);
    const sum = (name: 'hits' | 'lookups' | 'evictions'): number =>
      cache.shards.reduce((all, one) => all + one[name], 0);
    expect([sum('hits'), sum('lookups'), sum('evictions')]).toEqual([cache.hits, cache.lookups, cache.evictions]);
    await expectEqualRam(pair);
  });

  it('finds its pages again in a cache that grew, and nothing in one that is off', async () => {
    const run = migrate(await seedPair(), { ...slow, xbzrleCacheBytes: mebibyte });
    await seen(run, 'rounds', ({ rounds }) => rounds >= 3);
    const small = run.snapshot().cache;
    await run.control.change({ xbzrleCacheBytes: 64 * mebibyte, maxBandwidth: 16e6 });
    const grown = await seen(run, 'hits', ({ cache }) => cache.hits > small.hits + 4000);
    await run.control.change({ xbzrleCacheBytes: 0 });
    // What was cut before is still counted; after that there is nobody to ask.
    const off = await seen(run, 'the last of them', ({ rounds }) => rounds >= grown.rounds + 2);
    const later = await seen(run, 'more pages', ({ pages }) => pages.normal > off.pages.normal + 2000);
    expect(later.cache.lookups).toBe(off.cache.lookups);
    expect(later.cache.evictions).toBeGreaterThan(grown.cache.evictions);
  });

  it('goes on when compress workers are killed in the middle of it', async () => {
    const pids = new Map<string, number>();
    const spawn: SpawnWorker = (kind, name) => {
      const handle = own.spawn(kind, name);
      handle.onMessage(() => handle.pid !== undefined && pids.set(name, handle.pid));
      return handle;
    };
    const pair = await seedPair();
    const run = migrate(pair, slow, spawn);
    await underWay(run);
    for (const change of [
      { xbzrleCacheBytes: 48 * mebibyte },
      { xbzrleCacheBytes: 3 * mebibyte },
      { compressThreads: 4 },
    ]) {
      const before = run.snapshot();
      process.kill(pids.get('compress-0') ?? NaN, 'SIGSTOP'); // the job is surely still in its hands when it dies
      const changed = run.control.change(change);
      await changed;
      process.kill(pids.get('compress-0') ?? NaN, 'SIGKILL');
      await seen(
        run,
        'another life',
        ({ workers: [first] }) => (first?.restarts ?? 0) > (before.workers[0]?.restarts ?? 0),
      );
      await seen(
        run,
        'more pages',
        ({ pages }) => pages.normal + pages.xbzrle > before.pages.normal + before.pages.xbzrle + 1500,
      );
    }
    await run.control.change({ maxBandwidth: 0, downtimeLimitMs: 5000 });
    expect(await run.finished).toMatchObject({ status: 'completed' });
    await expectEqualRam(pair);
  });

  it('refuses what its threads cannot address, and goes on as it was', async () => {
    const run = migrate(await restlessPair());
    await underWay(run);
    const before = run.snapshot().settings;
    const refusal = await run.control.change({ xbzrleCacheBytes: 60 * 2 ** 30 }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: 'usage',
      message: expect.stringContaining('2 compress threads hold') as string,
    });
    expect(run.snapshot().settings).toEqual(before);
  });
});

describe('a migration between two QEMUs', () => {
  it('takes every change, a pause and a forced switchover, and arrives whole', async () => {
    const pair = await samplePair({ memoryBytes, rate: 'max', fillBytes: 32 * mebibyte });
    const run = migrate(pair, { method: 'none', level: 0 });
    await underWay(run);
    run.control.pause();
    const held = run.snapshot();
    const later = await seen(run, 'time to pass', ({ elapsedMs }) => elapsedMs > held.elapsedMs + 500);
    expect(later.wireBytes).toBe(held.wireBytes);
    run.control.resume();
    await run.control.change({ method: 'zlib', level: 1, maxBandwidth: 4e6 });
    await seen(run, 'compressed pages', ({ wireClasses }) => wireClasses.normal > 100_000);
    await run.control.change({ downtimeLimitMs: 2, method: 'zstd', maxBandwidth: 0 });
    await seen(run, 'rounds', ({ rounds }) => rounds >= 2);
    await run.control.change({ maxBandwidth: 1e6 });
    await run.control.forceSwitchover();
    expect(await run.finished).toMatchObject({ status: 'completed', guestRunningOn: 'none' });
    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    expect(await differingPages(source, destination, pair.directory, memoryBytes)).toEqual([]);
  });

  it('arrives whole after its cache and threads were changed back and forth', async () => {
    const pair = await samplePair({ memoryBytes, rate: 'max', fillBytes: 32 * mebibyte });
    const run = migrate(pair, { maxBandwidth: 8e6, xbzrleCacheBytes: 8 * mebibyte });
    await underWay(run);
    await walkLayouts(run);
    await run.control.change({ maxBandwidth: 0 });
    await run.control.forceSwitchover();
    expect(await run.finished).toMatchObject({ status: 'completed', guestRunningOn: 'none' });
    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    expect(await differingPages(source, destination, pair.directory, memoryBytes)).toEqual([]);
  });
});
