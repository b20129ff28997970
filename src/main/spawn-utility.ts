import { join } from 'node:path';
import { utilityProcess } from 'electron';
import { systemText } from '../shared/system-text';
import type { WorkerHandle, WorkerKind } from '../shared/worker';

/** Variables that would change what a worker runs. */
const dangerous = ['NODE_OPTIONS', 'ELECTRON_RUN_AS_NODE', 'LD_PRELOAD', 'DYLD_INSERT_LIBRARIES'];

/** Starts a worker as an Electron utility process; its bundle lies beside this one. A `SpawnWorker`. */
export function spawnUtility(kind: WorkerKind, name: string): WorkerHandle {
  const child = fork(kind, name);
  if ('refusal' in child) return neverStarted(`${name} could not be started: ${child.refusal}`);
  let ended: string | undefined;
  let started = false;
  child.once('spawn', () => (started = true));
  const exitListeners: ((reason: string) => void)[] = [];
  child.once('exit', (code) => {
    const how = started ? 'ended' : 'could not be started: its process ended at once,';
    ended = code === 0 ? `${name} ended` : `${name} ${how} with code ${code}`;
    for (const listener of exitListeners.splice(0)) listener(ended);
  });
  return {
    get pid() {
      return child.pid;
    },
    post: (message) => {
      if (ended === undefined) child.postMessage(message);
    },
    onMessage: (listener) => void child.on('message', listener),
    onExit: (listener) => {
      if (ended === undefined) exitListeners.push(listener);
      else listener(ended);
    },
    kill: () => killNow(child),
  };
}

function fork(kind: WorkerKind, name: string): Electron.UtilityProcess | { readonly refusal: string } {
  try {
    return utilityProcess.fork(join(__dirname, `${kind}.cjs`), [name], {
      serviceName: `wherry ${name}`,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: workerEnvironment(process.env),
    });
  } catch (error) {
    return { refusal: systemText(error) };
  }
}

/** A worker that has ended before it began. */
function neverStarted(reason: string): WorkerHandle {
  return {
    pid: undefined,
    post: () => undefined,
    onMessage: () => undefined,
    // Not at once: who starts a worker is not done with starting it when it listens.
    onExit: (listener) => void setImmediate(() => listener(reason)),
    kill: () => undefined,
  };
}

/** `utilityProcess.kill` only asks (SIGTERM), which a worker busy in a long compression hears too late. */
function killNow(child: Electron.UtilityProcess): void {
  if (child.pid === undefined) child.once('spawn', () => killNow(child));
  else if (process.platform === 'win32') child.kill();
  else signal(child.pid);
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it was gone already
  }
}

function workerEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const kept = Object.entries(env).filter(([key, value]) => value !== undefined && !dangerous.includes(key));
  return Object.fromEntries(kept) as Record<string, string>;
}
