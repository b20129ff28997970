import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';

/** A child with nothing to read, and standard error to be read. */
export type BoundChild = ChildProcessByStdio<null, null, Readable>;

let canBind: boolean | undefined;

/**
 * Starts a program that ends with this process, even where this one is killed outright. `setpriv` (util-linux) has the
 * kernel see to it and becomes the program itself; where it is missing, a shell waits for our end and kills it.
 *
 * The kernel counts the thread that started the program as its parent: call this from a thread that stays.
 */
export function spawnBound(path: string, args: readonly string[]): BoundChild {
  canBind ??= spawnSync('setpriv', [...onOurDeath, 'true'], { stdio: 'ignore' }).status === 0;
  if (canBind) return start('setpriv', [...onOurDeath, path, ...args]);
  const child = start(path, args);
  child.once('spawn', () => watch(child));
  return child;
}

const onOurDeath = ['--pdeathsig', 'KILL', '--'];

function start(path: string, args: readonly string[]): BoundChild {
  return spawn(path, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Our end of a pipe closes with us, however we end. */
function watch(child: BoundChild): void {
  const watcher = spawn('/bin/sh', ['-c', 'read -r _; kill -KILL "$1"', 'wherry-watch', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true, // a terminal's Ctrl-C is for us to hear first
  });
  watcher.on('error', () => undefined);
  watcher.unref();
  // Nobody may kill a number that belongs to another process by now.
  child.once('exit', () => watcher.kill('SIGKILL'));
}
