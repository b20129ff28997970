import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { SpawnWorker } from '../shared/worker';

/** Starts a worker as a child process of plain Node, from the bundle beside this one. */
export const spawnChild: SpawnWorker = (kind, name) => {
  const child = fork(join(__dirname, `${kind}.cjs`), [name], {
    // A terminal's Ctrl-C is for us alone: a worker that still starts could not yet tell that it is not meant.
    detached: true,
    execArgv: [], // a debugger's port, say, is this process's own
    serialization: 'json',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  let ended: string | undefined;
  const listeners: ((reason: string) => void)[] = [];
  const end = (reason: string) => {
    if (ended !== undefined) return;
    ended = reason;
    for (const listener of listeners) listener(reason);
  };
  // A message that cannot be sent any more is an error here too, though the process may have started well.
  child.on('error', (error) => {
    if (child.pid === undefined) end(`${name} did not start: ${error.message}`);
  });
  child.on('exit', (code, signal) => end(`${name} ended by ${signal ?? `itself with code ${code}`}`));
  return {
    get pid() {
      return child.pid;
    },
    post: (message) => {
      if (child.connected) child.send(message as object, () => undefined);
    },
    onMessage: (listener) => void child.on('message', listener),
    onExit: (listener) => {
      if (ended === undefined) listeners.push(listener);
      else listener(ended);
    },
    kill: () => void child.kill('SIGKILL'),
  };
};
