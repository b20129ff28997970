import { type ChildProcess, spawn } from 'node:child_process';

/** One JSON line of the command's. */
export interface Line {
  readonly event: string;
  readonly [key: string]: unknown;
}

/** The `wherry` command as a process of its own, its standard output read as JSON lines. */
export class Program {
  readonly lines: Line[] = [];
  stderr = '';
  /** Exit status, null when a signal ended it; resolves when all it wrote has been read. */
  readonly ended: Promise<number | null>;
  code: number | null | undefined;
  #rest = '';
  readonly #listeners = new Set<() => void>();

  private constructor(readonly child: ChildProcess) {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        this.code = code;
        this.#tell();
        resolve(code);
      });
    });
  }

  static start(command: readonly string[], env: NodeJS.ProcessEnv): Program {
    const [file = '', ...words] = command;
    const child = spawn(file, words, { stdio: ['ignore', 'pipe', 'pipe'], env });
    const program = new Program(child);
    child.stdout.setEncoding('utf8').on('data', (text: string) => program.#read(text));
    return program;
  }

  /** A program that writes no such lines; what it does is told with `say`. */
  static of(child: ChildProcess): Program {
    return new Program(child);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** The first line that is one of these, now or later; nothing when it ends, or `ms` pass, before there is one. */
  async line(isWanted: (line: Line) => boolean, ms: number): Promise<Line | undefined> {
    return new Promise((resolve) => {
      const done = (line: Line | undefined): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        resolve(line);
      };
      const look = (): void => {
        const found = this.lines.find(isWanted);
        if (found !== undefined || this.code !== undefined) done(found);
      };
      const timer = setTimeout(() => done(undefined), ms);
      this.#listeners.add(look);
      look();
    });
  }

  /** Whether it ends within `ms`. */
  async endsWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), ms)));
    const ended = await Promise.race([this.ended.then(() => true), late]);
    clearTimeout(timer);
    return ended;
  }

  say(line: Line): void {
    this.lines.push(line);
    this.#tell();
  }

  #read(text: string): void {
    const parts = (this.#rest + text).split('\n');
    this.#rest = parts.pop() ?? '';
    for (const part of parts) this.lines.push(JSON.parse(part) as Line);
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
