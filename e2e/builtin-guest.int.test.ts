import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { QmpClient } from '../src/engine/qmp/client';
import { queryMemoryBytes, queryMigrate, queryStatus, setCapabilities } from '../src/engine/qmp/migrate';
import { startBuiltinGuest, startBuiltinPair, type BuiltinGuest } from '../src/guest/builtin-pair';
import { GuestMemory, romBytes } from '../src/guest/memory';
import { boot, runSteps, type WorkloadState } from '../src/guest/workload';
import type { Workload } from '../src/shared/guest';
import { bundleWorkers, type BundledWorkers } from './kit/bundled-workers';
import { expectStatus } from './kit/pairs';

const MiB = 2 ** 20;
const memoryBytes = 64 * MiB;
const seed = 7;

/** A guest's process with a monitor session that noted every event from the beginning. */
interface Started {
  readonly guest: BuiltinGuest;
  readonly qmp: QmpClient;
  readonly events: string[];
}

let workers: BundledWorkers;
let folder: string;
const started: Started[] = [];

beforeAll(async () => {
  workers = await bundleWorkers(['builtin-guest']);
  folder = mkdtempSync(join(tmpdir(), 'wherry-'));
});

afterAll(() => {
  workers.remove();
  rmSync(folder, { recursive: true, force: true });
});

afterEach(async () => {
  for (const { guest, qmp } of started.splice(0)) {
    qmp.close();
    guest.worker.kill();
    await guest.exited;
  }
});

/** A path in the folder nobody else uses. */
function path(name: string): string {
  return join(folder, `${randomBytes(4).toString('hex')}-${name}`);
}

async function start(
  role: 'source' | 'destination',
  options: { readonly workload?: Workload; readonly memoryBytes?: number } = {},
): Promise<Started> {
  const qmpPath = path(role);
  const { spawn } = workers;
  const guest = await startBuiltinGuest({ role, qmpPath, memoryBytes, workload: 'seed', seed, spawn, ...options });
  const qmp = await QmpClient.connect(`unix:${qmpPath}`);
  const events: string[] = [];
  qmp.on(({ name, data }) => {
    if (name !== 'MIGRATION_PASS') events.push(name === 'MIGRATION' ? String(data['status']) : name);
  });
  const side = { guest, qmp, events };
  started.push(side);
  await setCapabilities(qmp, { events: true, 'return-path': true });
  return side;
}

async function pair(workload: Workload): Promise<{ source: Started; destination: Started; uri: string }> {
  const [source, destination] = await Promise.all([start('source', { workload }), start('destination')]);
  const uri = `unix:${path('stream')}`;
  await destination.qmp.execute('migrate-incoming', { uri });
  return { source, destination, uri };
}

function status({ qmp }: Started, wanted: string): Promise<unknown> {
  return qmp.waitFor('MIGRATION', ({ data }) => data['status'] === wanted);
}

async function memoryOf({ qmp }: Started): Promise<Buffer> {
  const filename = path('memory');
  await qmp.execute('pmemsave', { val: 0, size: memoryBytes + romBytes, filename });
  const bytes = readFileSync(filename);
  rmSync(filename);
  return bytes;
}

function counter({ qmp }: Started): Promise<WorkloadState> {
  return qmp.execute<WorkloadState>('x-wherry-counter');
}

/** The memory a guest has that did these steps without ever being moved. */
function neverMoved({ workload, seed, rate, counter: steps }: WorkloadState): Buffer {
  const memory = new GuestMemory(memoryBytes);
  const state = { workload, seed, rate, counter: 0 };
  boot(memory, state);
  runSteps(memory, state, steps);
  return memory.bytes;
}

describe('a built-in guest migrated straight into another', () => {
  it.each(['idle', 'seed', 'erp', 'random'] as const)('arrives whole with workload %s', async (workload) => {
    const { source, destination, uri } = await pair(workload);
    const done = status(source, 'completed');
    const loaded = status(destination, 'completed');
    await source.qmp.execute('migrate-set-parameters', { 'max-bandwidth': 0, 'downtime-limit': 2000 });
    await source.qmp.execute('migrate', { uri });
    await Promise.all([done, loaded]);

    expect(source.events).toEqual(['setup', 'active', 'STOP', 'completed']);
    expect(destination.events).toEqual(['setup', 'active', 'completed']);
    await expectStatus(source.qmp, 'postmigrate');
    await expectStatus(destination.qmp, 'paused');
    const there = await memoryOf(destination);
    expect(there.equals(await memoryOf(source))).toBe(true);
    const at = await counter(destination);
    expect(at).toEqual(await counter(source));
    expect(at.counter).toBeGreaterThan(0);
    expect(there.equals(neverMoved(at))).toBe(true);
  });

  it('carries on where it stopped', async () => {
    const { source, destination, uri } = await pair('erp');
    const loaded = status(destination, 'completed');
    const done = status(source, 'completed');
    await source.qmp.execute('migrate', { uri });
    await Promise.all([loaded, done]);
    const before = await counter(destination);
    await destination.qmp.execute('cont');
    const deadline = Date.now() + 30_000;
    let after = await counter(destination);
    while (after.counter === before.counter && Date.now() < deadline) after = await counter(destination);
    await destination.qmp.execute('stop');
    expect(destination.events.slice(-2)).toEqual(['RESUME', 'STOP']);
    const stopped = await counter(destination);
    expect(stopped.counter).toBeGreaterThan(before.counter);
    expect((await memoryOf(destination)).equals(neverMoved(stopped))).toBe(true);
    expect(await counter(source)).toEqual(before);
    await expect(source.qmp.execute('migrate', { uri })).rejects.toThrow("Can't migrate the vm that was paused");
  });

  it('reports what it did in the names QEMU uses', async () => {
    const { source, destination, uri } = await pair('seed');
    expect(await queryMigrate(source.qmp)).toEqual({});
    const done = status(source, 'completed');
    await source.qmp.execute('migrate-set-parameters', { 'max-bandwidth': 0, 'downtime-limit': 2000 });
    await source.qmp.execute('migrate', { uri });
    await done;
    const info = await queryMigrate(source.qmp);
    const pages = (memoryBytes + romBytes) / 4096;
    expect(info.status).toBe('completed');
    expect(info.ram?.total).toBe(memoryBytes + romBytes);
    expect(info.ram?.remaining).toBe(0);
    expect((info.ram?.duplicate ?? 0) + (info.ram?.normal ?? 0)).toBeGreaterThanOrEqual(pages);
    expect(info.ram?.transferred).toBeGreaterThan((info.ram?.normal ?? 0) * 4096);
    expect(info.ram?.['dirty-sync-count']).toBeGreaterThan(1);
    expect(info.downtime).toBeLessThanOrEqual(info['total-time'] ?? 0);
    expect(await queryMemoryBytes(destination.qmp)).toBe(memoryBytes);
  });
});

describe('a migration that does not come to its end', () => {
  it('stays here when cancelled, and can go elsewhere afterwards', async () => {
    const { source, destination, uri } = await pair('seed');
    await source.qmp.execute('migrate-set-parameters', { 'max-bandwidth': 2 * MiB, 'downtime-limit': 1 });
    const active = status(source, 'active');
    await source.qmp.execute('migrate', { uri });
    await active;
    await expect(setCapabilities(source.qmp, { 'auto-converge': true })).rejects.toThrow('in progress');
    const cancelled = status(source, 'cancelled');
    await source.qmp.execute('migrate_cancel');
    await cancelled;
    expect(source.events).toEqual(['setup', 'active', 'cancelling', 'cancelled']);
    await expectStatus(source.qmp, 'running');
    expect(await queryMigrate(source.qmp)).toEqual({ status: 'cancelled' });
    expect(await destination.guest.exited).toContain('code 1');

    const second = await start('destination');
    const elsewhere = `unix:${path('stream')}`;
    await second.qmp.execute('migrate-incoming', { uri: elsewhere });
    await source.qmp.execute('migrate-set-parameters', { 'max-bandwidth': 0, 'downtime-limit': 2000 });
    const done = status(source, 'completed');
    await source.qmp.execute('migrate', { uri: elsewhere });
    await done;
    expect((await memoryOf(second)).equals(await memoryOf(source))).toBe(true);
  });

  it('goes on running here when the destination is killed', async () => {
    const { source, destination, uri } = await pair('erp');
    await source.qmp.execute('migrate-set-parameters', { 'max-bandwidth': 2 * MiB, 'downtime-limit': 1 });
    const active = status(source, 'active');
    await source.qmp.execute('migrate', { uri });
    await active;
    const failed = status(source, 'failed');
    destination.guest.worker.kill();
    await failed;
    await expectStatus(source.qmp, 'running');
    expect((await queryMigrate(source.qmp))['error-desc']).toBeDefined();
  });

  it('says why there is no connection', async () => {
    const source = await start('source', { workload: 'idle' });
    const failed = status(source, 'failed');
    await source.qmp.execute('migrate', { uri: `unix:${path('nobody')}` });
    await failed;
    expect((await queryMigrate(source.qmp))['error-desc']).toContain('No such file or directory');
    await expect(source.qmp.execute('migrate', { uri: 'smoke:signal' })).rejects.toThrow('valid migration protocol');
    await expectStatus(source.qmp, 'running');
  });

  it('is refused by a destination of another size', async () => {
    const [source, destination] = await Promise.all([
      start('source', { workload: 'idle' }),
      start('destination', { memoryBytes: 2 * memoryBytes }),
    ]);
    await destination.qmp.execute('migrate-incoming', { uri: 'tcp:127.0.0.1:0' });
    const [listening] = (await queryMigrate(destination.qmp))['socket-address'] ?? [];
    const port = listening?.type === 'inet' ? listening.port : 'none';
    const failed = status(source, 'failed');
    await source.qmp.execute('migrate', { uri: `tcp:127.0.0.1:${port}` });
    await failed;
    expect(await destination.guest.exited).toContain('code 1');
    await expectStatus(source.qmp, 'running');
  });
});

describe('a guest that writes faster than the link', () => {
  it('is slowed down when asked to', async () => {
    const { source, uri } = await pair('seed');
    await setCapabilities(source.qmp, { 'auto-converge': true });
    await source.qmp.execute('migrate-set-parameters', {
      'max-bandwidth': 32 * MiB,
      'downtime-limit': 1,
      'cpu-throttle-initial': 30,
    });
    await source.qmp.execute('migrate', { uri });
    // Whether it is slowed down is asked at every new pass, as an operator would see it.
    let info = await queryMigrate(source.qmp);
    while (info['cpu-throttle-percentage'] === undefined) {
      await source.qmp.waitFor('MIGRATION_PASS', undefined, 30_000);
      info = await queryMigrate(source.qmp);
      expect(info.status).toBe('active');
    }
    expect(info['cpu-throttle-percentage']).toBe(30);
    expect(info.ram?.['dirty-pages-rate']).toBeGreaterThan(0);
    expect(info['expected-downtime']).toBeGreaterThan(1);

    const done = status(source, 'completed');
    await source.qmp.execute('x-wherry-workload', { rate: 0 });
    await done;
    expect((await queryMigrate(source.qmp))['cpu-throttle-percentage']).toBeUndefined();
  });
});

describe('the monitor of a built-in guest', () => {
  it('ends the process when told to quit', async () => {
    const { guest, qmp } = await start('source', { workload: 'idle' });
    const gone = qmp.waitFor('SHUTDOWN');
    await qmp.execute('quit');
    expect((await gone).data).toMatchObject({ reason: 'host-qmp-quit' });
    expect(await guest.exited).toContain('code 0');
  });

  it('refuses what a guest in this state cannot do', async () => {
    const [source, destination] = await Promise.all([start('source', { workload: 'idle' }), start('destination')]);
    const uri = `unix:${path('stream')}`;
    await expect(source.qmp.execute('migrate-incoming', { uri })).rejects.toThrow("'-incoming' was not specified");
    await expect(destination.qmp.execute('migrate', { uri })).rejects.toThrow('waiting for an incoming migration');
    await destination.qmp.execute('migrate-incoming', { uri });
    await expect(destination.qmp.execute('migrate-incoming', { uri })).rejects.toThrow('already been started');
    await expect(source.qmp.execute('savevm')).rejects.toThrow('CommandNotFound');
    await expect(
      source.qmp.execute('pmemsave', { val: memoryBytes, size: memoryBytes, filename: path('x') }),
    ).rejects.toThrow('Invalid addr');
    await expect(source.qmp.execute('x-wherry-workload', { rate: -1 })).rejects.toThrow("'rate'");
  });
});

describe('a pair', () => {
  it('is there when started and gone when stopped', async () => {
    const sample = await startBuiltinPair({ memoryBytes, workload: 'idle', spawn: workers.spawn });
    const source = await QmpClient.connect(sample.source);
    const destination = await QmpClient.connect(sample.destination);
    await expectStatus(source, 'running');
    expect(await queryStatus(destination)).toMatchObject({ status: 'inmigrate' });
    await sample.stop();
    await sample.stop();
    await expect(QmpClient.connect(sample.source)).rejects.toThrow();
    source.close();
    destination.close();
  });
});
