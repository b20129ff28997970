import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtinMemory, type Workload } from '../shared/guest';
import { Machine, type Emit } from './machine';
import { GuestMemory } from './memory';
import { boot, defaultRate, type WorkloadState } from './workload';

/** The smallest guest there is, with a list of what it said on its monitor. */
export interface TestGuest {
  readonly machine: Machine;
  readonly events: string[];
  readonly emit: Emit;
}

/** A guest that has booted with the workload but does not run yet. */
export function bootedGuest(workload: Workload, seed = 1): TestGuest {
  const guest = emptyGuest({ workload, seed, counter: 0, rate: defaultRate(workload) });
  boot(guest.machine.memory, guest.machine.workload);
  return guest;
}

/** A guest with nothing in its memory. */
export function emptyGuest(state: WorkloadState): TestGuest {
  const events: string[] = [];
  const emit: Emit = (event, data) => {
    if (event !== 'MIGRATION_PASS') events.push(event === 'MIGRATION' ? String(data?.['status']) : event);
  };
  return { machine: new Machine(new GuestMemory(builtinMemory.min), state, 'paused', emit), events, emit };
}

/** A unix socket of its own. */
export interface TestListener {
  readonly path: string;
  close(): void;
}

/** Listens on a fresh path and hands each connection to `accept`. */
export async function listenSomewhere(accept: (socket: Socket) => void): Promise<TestListener> {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-'));
  const path = join(folder, 'socket');
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on('error', () => undefined));
    accept(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { path, close };
}
