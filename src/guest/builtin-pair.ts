import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { temporaryFolder } from '../host/temporary';
import { WherryError } from '../shared/failure';
import type { SamplePair, Workload } from '../shared/guest';
import type { SpawnWorker, WorkerHandle } from '../shared/worker';
import { guestReplySchema, type OpenGuest } from './messages';
import { defaultRate } from './workload';

/** Filling the largest memory takes some seconds on a slow machine. */
const readyTimeoutMs = 60_000;
const defaultSeed = 1;

/** What a built-in guest is, and where its monitor listens. */
export interface BuiltinGuestOptions {
  readonly role: 'source' | 'destination';
  /** Path of the unix socket its monitor will listen on. */
  readonly qmpPath: string;
  readonly memoryBytes: number;
  readonly workload: Workload;
  readonly seed?: number;
  /** Workload steps a second, each writing to one page; the workload's own rate if left out. */
  readonly rate?: number;
  /** For a destination: whether the guest stays paused there until `cont` (it does, if left out). */
  readonly startPaused?: boolean;
  readonly spawn: SpawnWorker;
}

/** A built-in guest's process, ready. */
export interface BuiltinGuest {
  readonly worker: WorkerHandle;
  /** Why the process ended, once it has. */
  readonly exited: Promise<string>;
}

/**
 * Starts one built-in guest and resolves when its monitor answers.
 * @throws WherryError `worker` if its process does not get that far, or the guest's own failure
 */
export async function startBuiltinGuest(options: BuiltinGuestOptions): Promise<BuiltinGuest> {
  const { spawn, seed, rate, ...guest } = options;
  const worker = spawn('builtin-guest', `builtin-${options.role}`);
  const exited = new Promise<string>((resolve) => worker.onExit(resolve));
  const open: OpenGuest = {
    type: 'open',
    startPaused: true,
    ...guest,
    seed: seed ?? defaultSeed,
    rate: rate ?? defaultRate(options.workload),
  };
  try {
    await ready(worker, exited, open);
    return { worker, exited };
  } catch (error) {
    worker.kill();
    throw error;
  }
}

/** A running built-in guest and a destination of the same size waiting for it, in a directory only we can enter. */
export async function startBuiltinPair(options: {
  readonly memoryBytes: number;
  readonly workload: Workload;
  readonly seed?: number;
  readonly rate?: number;
  readonly spawn: SpawnWorker;
}): Promise<SamplePair> {
  const folder = await temporaryFolder();
  const paths = { source: join(folder, 'source.qmp'), destination: join(folder, 'destination.qmp') };
  const started = await Promise.allSettled([
    startBuiltinGuest({ ...options, role: 'source', qmpPath: paths.source }),
    startBuiltinGuest({ ...options, role: 'destination', qmpPath: paths.destination }),
  ]);
  const guests = started.flatMap((guest) => (guest.status === 'fulfilled' ? [guest.value] : []));
  const stop = async (): Promise<void> => {
    for (const { worker } of guests) worker.kill();
    await Promise.all(guests.map(({ exited }) => exited));
    await rm(folder, { recursive: true, force: true });
  };
  for (const guest of started) {
    if (guest.status === 'fulfilled') continue;
    await stop();
    throw guest.reason;
  }
  return { kind: 'builtin', source: `unix:${paths.source}`, destination: `unix:${paths.destination}`, stop };
}

function ready(worker: WorkerHandle, exited: Promise<string>, open: OpenGuest): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: WherryError): void => {
      clearTimeout(timer);
      reject(error);
    };
    const timer = setTimeout(() => {
      fail(new WherryError('worker', `Built-in ${open.role}: not ready within ${readyTimeoutMs} ms`));
    }, readyTimeoutMs);
    worker.onMessage((message) => {
      const reply = v.safeParse(guestReplySchema, message);
      if (!reply.success) return fail(new WherryError('worker', `Built-in ${open.role}: expected ready, got nonsense`));
      if (reply.output.type === 'failed') return fail(new WherryError(reply.output.code, reply.output.message));
      clearTimeout(timer);
      resolve();
    });
    void exited.then((reason) => fail(new WherryError('worker', `Built-in ${open.role}: process ended, ${reason}`)));
    worker.post(open);
  });
}
