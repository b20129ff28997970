import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { defaultSettings, type MigrationSettings } from '../shared/settings';
import type { Report, Snapshot } from '../shared/snapshot';
import type { WorkerHandle } from '../shared/worker';
import { startMigration, type RunningMigration } from './migration';
import { FakeMonitor, greetingLine, reply, type Answer, type Asked } from './qmp/testing';

/*
 * What the tests of sessions share: monitors that answer from a table, workers that do nothing, and a folder for the
 * files of each test.
 */

export type Replies = Readonly<Record<string, unknown>>;

export const idle: Replies = {
  'query-status': { status: 'running', running: true },
  'query-migrate': {},
  'query-memory-size-summary': { 'base-memory': 64 * 2 ** 20 },
  'query-migrate-capabilities': ['events', 'return-path'].map((capability) => ({ capability, state: false })),
};
export const incoming: Replies = { ...idle, 'query-status': { status: 'inmigrate', running: false } };

let folder: string;
let outerFolder: string | undefined;
/** Closed after the test. */
export const monitors: FakeMonitor[] = [];
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
export async function monitor(
  replies: Replies,
  answer: (...args: Parameters<Answer>) => boolean = () => false,
): Promise<FakeMonitor> {
  const fake = await FakeMonitor.listen(`${greetingLine}\n`, (asked, socket) => {
    if (!answer(asked, socket)) reply(socket, { return: replies[asked.execute] ?? {}, id: asked.id });
  });
  monitors.push(fake);
  return fake;
}

/** A destination whose migration socket takes connections. */
export async function listeningDestination(
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

/** A worker that starts and does nothing. */
function spawn(): WorkerHandle {
  const state = { alive: true };
  workers.push(state);
  const ignore = (): void => undefined;
  const onMessage = (listener: (message: unknown) => void): void => queueMicrotask(() => listener({ type: 'ready' }));
  return { pid: 1, post: ignore, onMessage, onExit: ignore, kill: () => void (state.alive = false) };
}

export interface Run {
  readonly report: Promise<Report>;
  readonly states: Snapshot['state'][];
  readonly session: RunningMigration;
}

export function migrate(source: string, destination: string, settings: Partial<MigrationSettings> = {}): Run {
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
export function changes({ asked }: FakeMonitor): string[] {
  return asked.map(({ execute }) => execute).filter((name) => !/^query-|^qmp_capabilities$/.test(name));
}

export const nowhere = (): string => join(folder, 'nobody.qmp');
