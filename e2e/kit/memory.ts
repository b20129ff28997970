import { readFileSync, writeFileSync } from 'node:fs';

/**
 * The most memory that processes come to hold from now on, each beside what it holds now, bytes; Linux's /proc is asked
 * often enough that the peak of one that has ended in between is known.
 */
export class Growth {
  readonly #before: ReadonlyMap<number, number>;
  readonly #timer: NodeJS.Timeout;
  #most = 0;

  constructor(pids: readonly number[]) {
    for (const pid of pids) writeFileSync(`/proc/${pid}/clear_refs`, '5'); // peaks count anew (proc(5))
    this.#before = new Map(pids.map((pid) => [pid, peakBytes(pid) ?? NaN]));
    this.#timer = setInterval(() => this.#look(), 5);
  }

  /** The most of all of them; nothing is looked at any more. */
  end(): number {
    this.#look();
    clearInterval(this.#timer);
    return this.#most;
  }

  #look(): void {
    for (const [pid, before] of this.#before) this.#most = Math.max(this.#most, (peakBytes(pid) ?? before) - before);
  }
}

/** Nothing for a process that has ended. */
function peakBytes(pid: number): number | undefined {
  try {
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return kibibytes === undefined ? undefined : 1024 * Number(kibibytes);
  } catch {
    return undefined;
  }
}
