import { readFileSync, readlinkSync } from 'node:fs';

/** A process, so that another one which got its number later is not taken for it. */
export interface ProcessIdentity {
  /** Number of the process namespace, in which alone the id means something. */
  readonly namespace: number;
  readonly pid: number;
  /** Clock ticks from the machine's start to the process's own. */
  readonly start: number;
}

/** This process; undefined where there is no Linux `/proc` to ask. */
export function thisProcess(): ProcessIdentity | undefined {
  const namespace = ownNamespace();
  const life = lifeOf(process.pid);
  if (namespace === undefined || typeof life !== 'object') return undefined;
  return { namespace, pid: process.pid, start: life.start };
}

/** Whether a process has surely ended; false wherever that cannot be told. */
export function hasEnded({ namespace, pid, start }: ProcessIdentity): boolean {
  if (namespace !== ownNamespace()) return false;
  const life = lifeOf(pid);
  if (typeof life !== 'object') return life === 'none';
  return life.start !== start || life.state === 'Z' || life.state === 'X';
}

function ownNamespace(): number | undefined {
  try {
    const [, number] = /^pid:\[(\d+)\]$/.exec(readlinkSync('/proc/self/ns/pid')) ?? [];
    return number === undefined ? undefined : Number(number);
  } catch {
    return undefined;
  }
}

/** State and start from the third field of `stat` on; the second, a name in brackets, may hold anything. */
function lifeOf(pid: number): { readonly state: string; readonly start: number } | 'none' | 'unknown' {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state = '', start] = [fields[0], Number(fields[19])];
    return Number.isSafeInteger(start) ? { state, start } : 'unknown';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ESRCH' ? 'none' : 'unknown';
  }
}
