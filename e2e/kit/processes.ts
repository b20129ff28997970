import { readdirSync, readFileSync } from 'node:fs';

/** Children of a process, by what their command line mentions; Linux's /proc is asked. */
export function childrenOf(parent: number, mention: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent && commandLine(pid).includes(mention));
}

/** Whether a process runs; one that has ended and waits for its parent to notice does not. */
export function isAlive(pid: number): boolean {
  const stat = read(pid, 'stat');
  return stat !== undefined && !/\) [ZX] /.test(stat);
}

/** The fourth field of `stat`; the second, the name in brackets, may hold anything. */
function parentOf(pid: number): number | undefined {
  const stat = read(pid, 'stat');
  return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

/** A process's arguments, spaces between them. */
export function commandLine(pid: number): string {
  return (read(pid, 'cmdline') ?? '').replaceAll('\0', ' ');
}

/** Nothing for a process that has ended since it was listed. */
function read(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return undefined;
  }
}
