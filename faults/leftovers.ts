import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine, isAlive } from '../e2e/kit/processes';
import { sharedMemory } from '../src/host/temporary';

/** A variable in the environment of every process of a run, by which they are known again. */
const mark = 'WHERRY_FAULT_RUN';

/** What one run puts on this machine. */
export class Traces {
  /** All processes that were seen. */
  readonly #pids = new Set<number>();

  constructor(
    private readonly run: string,
    private readonly folder: string,
  ) {}

  /** For the run's programs: the folder for their temporary files, and the mark. */
  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, [mark]: this.run, TMPDIR: this.folder, WHERRY_DATA_DIR: join(this.folder, 'data') };
  }

  /** The run's processes that are there now. */
  processes(): readonly number[] {
    const wanted = `\0${mark}=${this.run}\0`;
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const ours = pids.map(Number).filter((pid) => isAlive(pid) && `\0${environmentOf(pid)}`.includes(wanted));
    for (const pid of ours) this.#pids.add(pid);
    return ours;
  }

  /** Processes, sockets and files of the run that are there now, but for files whose owner was killed. */
  left(killed: ReadonlySet<number> = new Set()): readonly string[] {
    const isOurs = (name: string): boolean => this.#pids.has(ownerOf(name)) && !killed.has(ownerOf(name));
    return [
      ...this.processes().map((pid) => `process ${pid}: ${commandLine(pid)}`),
      ...readdirSync(this.folder).filter((name) => !isElsewhere(name) && !killed.has(ownerOf(name))),
      ...readdirSync(sharedMemory).filter(isOurs),
    ];
  }
}

/** What is meant to stay, and what a killed Chromium leaves for its next start. */
function isElsewhere(name: string): boolean {
  return name === 'data' || name.startsWith('scoped_dir') || name.startsWith('.org.chromium.');
}

/** The process in a temporary file's name: `wherry-NAMESPACE.PID.START-RANDOM`, numbers in base 36. */
function ownerOf(name: string): number {
  return parseInt(/^wherry-[0-9a-z]+\.([0-9a-z]+)\./.exec(name)?.[1] ?? '', 36);
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return ''; // it has ended since
  }
}
