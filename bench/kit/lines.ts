import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Results as they come, one JSON object a line: what is measured is kept, whatever happens afterwards. Each line has a
 * `key`; for the same key the last one counts.
 */
export class ResultLines<T extends { readonly key: string }> {
  readonly #file: string;
  readonly #byKey: Map<string, T>;

  /**
   * @param resume goes on with the file as it is; otherwise it is put aside with `.old`
   * @param merge other such files, read and not written; their lines count as if they were in this one
   */
  constructor(file: string, { resume = false, merge = [] }: { resume?: boolean; merge?: readonly string[] } = {}) {
    this.#file = file;
    mkdirSync(dirname(file), { recursive: true });
    if (!resume && existsSync(file)) renameSync(file, `${file}.old`);
    this.#byKey = lastByKey([...merge, ...(existsSync(file) ? [file] : [])].flatMap((each) => linesIn<T>(each)));
  }

  get all(): readonly T[] {
    return [...this.#byKey.values()];
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  add(line: T): void {
    // A line that was cut off when the last bench was ended must not run into this one.
    const cut = existsSync(this.#file) && !/(^|\n)$/.test(readFileSync(this.#file, 'utf8'));
    appendFileSync(this.#file, `${cut ? '\n' : ''}${JSON.stringify(line)}\n`);
    this.#byKey.set(line.key, line);
  }
}

function lastByKey<T extends { readonly key: string }>(lines: readonly T[]): Map<string, T> {
  return new Map(lines.map((line) => [line.key, line]));
}

/** The lines of a file; one that was cut off when a bench was ended is none. */
function linesIn<T>(file: string): readonly T[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return line === '' ? [] : [JSON.parse(line) as T];
      } catch {
        return [];
      }
    });
}
