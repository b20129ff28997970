import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultSettings, type MigrationSettings } from '../shared/settings';
import type { Report, Snapshot } from '../shared/snapshot';
import type { WorkerHandle } from '../shared/worker';
import { FakeMonitor, greetingLine, reply, type Answer, type Asked } from './qmp/testing';
import { startMigration, type RunningMigration } from './migration';

type Replies = Readonly<Record<string, unknown>>;

const idle: Replies = {
  'query-status': { status: 'running', running: true },
  'query-migrate': {},
  'query-memory-size-summary': { 'base-memory': 64 * 2 ** 20 },
  'query-migrate-capabilities': ['events', 'return-path'].map((capability) => ({ capability, state: false })),
};
const incoming: Replies = { ...idle, 'query-status': { status: 'inmigrate', running: false } };

let folder: string;
let outerFolder: string | undefined;
const monitors: FakeMonitor[] = [];
const servers: Server[] = [];
const workers: { alive: boolean }[] = [];

beforeEach(() => {
  outerFolder = process.env['TMPDIR'];
  folder = mkdtempSync(join(tmpdir(), 'wherry-session-'));
  process.env['TMPDIR'] = folder;
});

/** Whatever a run came to, nothing of it may be left: no process, no socket, no file. */
afterEach(() => {
  if (outerFolder === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = outerFolder;
  expect(workers.splice(0).filter(({ alive }) => alive)).toEqual([]);
  for (const monitor of monitors.splice(0)) monitor.close();
  for (const server of servers.splice(0)) server.close();
  const left = readdirSync(folder);
  rmSync(folder, { recursive: true, force: true });
  expect(left).toEqual([]);
});

/** A monitor that answers from a table; `answer` may take a command for itself by returning true. */
async function monitor(
  replies: Replies,
  answer: (...args: Parameters<Answer>) => boolean = () => false,
): Promise<FakeMonitor> {
  const fake = await FakeMonitor.listen(`${greetingLine}\n`, (asked, socket) => {
    if (!answer(asked, socket)) reply(socket, { return: replies[asked.execute] ?? {}, id: asked.id });
  });
  monitors.push(fake);
  return fake;
}

/** A worker that starts and does nothing. */
function spawn(): WorkerHandle {
  const state = { alive: true };
  workers.push(state);
  const ignore = (): void => undefined;
  const onMessage = (listener: (message: unknown) => void): void => queueMicrotask(() => listener({ type: 'ready' }));
  return { pid: 1, post: ignore, onMessage, onExit: ignore, kill: () => void (state.alive = false) };
}

interface Run {
  readonly report: Promise<Report>;
  readonly states: Snapshot['state'][];
  readonly session: RunningMigration;
}

function migrate(source: string, destination: string, settings: Partial<MigrationSettings> = {}): Run {
  const states: Snapshot['state'][] = [];
  const session = startMigration({
    source,
    destination,
    settings: { ...defaultSettings, compressThreads: 2, ...settings },
    spawn,
    onSnapshot: ({ state }) => {
      if (states.at(-1) !== state) states.push(state);
    },
  });
  return { report: session.finished, states, session };
}

/** Commands that change something. */
function changes({ asked }: FakeMonitor): string[] {
  return asked.map(({ execute }) => execute).filter((name) => !/^query-|^qmp_capabilities$/.test(name));
}

const nowhere = (): string => join(folder, 'nobody.qmp');

describe('a session that cannot begin', () => {
  it.each<[string, Replies, Replies, string, RegExp]>([
    [
      'a source that is stopped for good',
      { ...idle, 'query-status': { status: 'shutdown', running: false } },
      incoming,
      'guest-state',
      /is shutdown, expected running or paused/,
    ],
    [
      'a source that migrates already',
      { ...idle, 'query-migrate': { status: 'active' } },
      incoming,
      'guest-state',
      /migrating already \(active\)/,
    ],
    [
      'a source with a blocker',
      { ...idle, 'query-migrate': { 'blocked-reasons': ['a passed-through disk'] } },
      incoming,
      'guest-state',
      /a passed-through disk/,
    ],
    ['a destination that runs', idle, idle, 'not-incoming', /is running, expected inmigrate/],
    [
      'another amount of RAM',
      idle,
      { ...incoming, 'query-memory-size-summary': { 'base-memory': 2 ** 30 } },
      'ram-mismatch',
      /67108864 bytes of RAM, the destination 1073741824/,
    ],
    ['an answer that is none of QEMU\u2019s', { ...idle, 'query-status': 7 }, incoming, 'qmp-protocol', /query-status/],
  ])('fails for %s and touches neither side', async (_, source, destination, code, message) => {
    const [here, there] = [await monitor(source), await monitor(destination)];
    const { report, states } = migrate(here.path, there.path);
    expect(await report).toMatchObject({
      status: 'failed',
      guestRunningOn: source['query-status'] === idle['query-status'] ? 'source' : 'unknown',
      error: { code, message: expect.stringMatching(message) as string },
      wireBytes: 0,
    });
    expect(states).toEqual(['preparing', 'failed']);
    expect([...changes(here), ...changes(there)]).toEqual([]);
  });

  it('fails where nobody listens, at either end', async () => {
    const there = await monitor(incoming);
    expect(await migrate(nowhere(), there.path).report).toMatchObject({
      status: 'failed',
      error: { code: 'qmp-unreachable' },
    });
    const here = await monitor(idle);
    expect(await migrate(here.path, nowhere()).report).toMatchObject({
      status: 'failed',
      error: { code: 'qmp-unreachable' },
    });
    expect(changes(here)).toEqual([]);
  });

  it('fails where something else answers', async () => {
    const other = await FakeMonitor.listen('SSH-2.0-OpenSSH_9.2\r\n');
    monitors.push(other);
    expect(await migrate(other.path, nowhere()).report).toMatchObject({
      status: 'failed',
      error: { code: 'qmp-protocol' },
    });
  });

  it('fails with settings that are none, and opens nothing', async () => {
    const { error } = await migrate(nowhere(), nowhere(), { method: 'zlib', level: 12 }).report;
    expect(error).toMatchObject({
      code: 'usage',
      message: expect.stringContaining('zlib takes 0 to 9, got 12') as string,
    });
  });

  it('fails when QEMU lacks a capability that is needed', async () => {
    const [here, there] = [await monitor({ ...idle, 'query-migrate-capabilities': [] }), await monitor(incoming)];
    expect(await migrate(here.path, there.path).report).toMatchObject({
      status: 'failed',
      error: { code: 'guest-state' },
    });
    expect(changes(here)).toEqual([]);
  });
});

/** A destination whose migration socket takes connections. */
async function listeningDestination(
  more: (...args: Parameters<Answer>) => boolean = () => false,
): Promise<{ there: FakeMonitor; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const there = await monitor(incoming, (asked: Asked, socket) => {
    const { execute, arguments: given, id } = asked;
    if (execute !== 'migrate-incoming') return more(asked, socket);
    const { uri } = given as { readonly uri: string };
    const server = createServer((one) => {
      one.on('error', () => undefined);
      sockets.push(one);
    });
    servers.push(server);
    server.listen(uri.slice('unix:'.length), () => reply(socket, { return: {}, id }));
    return true;
  });
  return { there, sockets };
}

describe('a session under way', () => {
  it('fails when the source refuses to migrate, and lets go of the destination', async () => {
    const { there, sockets } = await listeningDestination();
    const here = await monitor(idle, ({ execute, id }, socket) => {
      if (execute !== 'migrate') return false;
      reply(socket, { error: { class: 'GenericError', desc: 'not today' }, id });
      return true;
    });
    const { report, states } = migrate(here.path, there.path);
    expect(await report).toMatchObject({
      status: 'failed',
      guestRunningOn: 'source',
      error: { code: 'qmp-command', message: expect.stringContaining('not today') as string },
    });
    expect(states).toEqual(['preparing', 'failed']);
    expect(changes(here)).toEqual(['migrate-set-capabilities', 'migrate-set-parameters', 'migrate']);
    expect(sockets).toHaveLength(1);
  });

  it('asks a source that hung up without an answer whether it runs, and says so', async () => {
    const { there } = await listeningDestination();
    const here = await monitor(idle, ({ execute }, socket) => {
      if (execute === 'migrate') socket.destroy();
      return execute === 'migrate';
    });
    expect(await migrate(here.path, there.path).report).toMatchObject({
      status: 'failed',
      guestRunningOn: 'source',
      error: { code: 'qmp-closed' },
    });
    expect(changes(here)).not.toContain('cont');
    expect(changes(there)).not.toContain('cont');
  });

  it('confirms a guest that a lost source has handed over, and leaves the source alone', async () => {
    let [handedOver, running] = [false, false];
    const { there } = await listeningDestination(({ execute, id }, socket) => {
      if (execute === 'cont') {
        running = true;
        reply(socket, { event: 'RESUME', timestamp: { seconds: 1, microseconds: 0 } });
      }
      if (execute !== 'query-status' || !handedOver) return false;
      reply(socket, { return: { status: running ? 'running' : 'paused', running }, id });
      return true;
    });
    const here = await monitor(idle, ({ execute, id }, socket) => {
      if (execute === 'migrate') socket.destroy();
      if (execute === 'migrate') handedOver = true;
      if (execute !== 'query-migrate' || !handedOver) return execute === 'migrate';
      reply(socket, { return: { status: 'completed' }, id });
      return true;
    });
    expect(await migrate(here.path, there.path).report).toMatchObject({
      status: 'completed',
      guestRunningOn: 'destination',
    });
    expect(changes(here)).not.toContain('cont');
    expect(changes(there)).toContain('cont');
  });

  it('never continues a source that does not say that its migration is over', async () => {
    const { there } = await listeningDestination();
    let held = false;
    const here = await monitor(idle, ({ execute, id }, socket) => {
      if (execute === 'migrate') {
        held = true;
        reply(socket, { return: {}, id });
        reply(socket, { event: 'MIGRATION', data: { status: 'failed' }, timestamp: { seconds: 1, microseconds: 0 } });
        return true;
      }
      if (!held || !/^query-(status|migrate)$/.test(execute)) return false;
      const status = { status: 'finish-migrate', running: false };
      reply(socket, { return: execute === 'query-status' ? status : { status: 'device' }, id });
      return true;
    });
    expect(await migrate(here.path, there.path).report).toMatchObject({
      status: 'uncertain',
      guestRunningOn: 'unknown',
    });
    expect(changes(here)).not.toContain('cont');
  });

  it('is uncertain when the source is gone for good, and starts nothing', async () => {
    const { there } = await listeningDestination();
    const here = await monitor(idle, ({ execute }) => {
      if (execute === 'migrate') here.close();
      return execute === 'migrate';
    });
    expect(await migrate(here.path, there.path).report).toMatchObject({
      status: 'uncertain',
      guestRunningOn: 'unknown',
      error: { code: 'source-failed', message: expect.stringContaining('must not be') as string },
    });
    expect(changes(there)).not.toContain('cont');
  });

  it('that is cancelled before it has begun never starts to migrate', async () => {
    const { there } = await listeningDestination();
    const here = await monitor(idle);
    const { report, states, session } = migrate(here.path, there.path);
    session.cancel();
    session.cancel();
    const { status, guestRunningOn, error } = await report;
    expect({ status, guestRunningOn, error }).toEqual({
      status: 'cancelled',
      guestRunningOn: 'source',
      error: undefined,
    });
    expect(states).toEqual(['preparing', 'cancelling', 'cancelled']);
    expect(changes(here)).not.toContain('migrate');
    session.cancel();
    expect(session.snapshot().state).toBe('cancelled');
  });
});
