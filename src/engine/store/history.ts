import { basename, join } from 'node:path';
import { toFailure, WherryError } from '../../shared/failure';
import type { RefusedFile } from '../../shared/profile';
import type { RunList, RunRecord } from '../../shared/run-record';
import { elsewhere, listFiles, readText, removeFile, removeLeftovers, writeFiles } from './files';
import { readEach, removeRefused } from './refused';
import { findId, maxRunBytes, parseRun, runFilePattern, runIdPattern, runText, summaryOf } from './run-file';

/** Runs kept; the oldest goes when one more comes. */
export const maxRuns = 200;

/** Finished runs, one file each in a folder. */
export class History {
  /** @param folder made when the first run is added */
  constructor(
    private readonly folder: string,
    private readonly capacity = maxRuns,
  ) {}

  /** Keeps a run. @throws WherryError `store` */
  async add(run: RunRecord): Promise<void> {
    await writeFiles([{ path: this.#file(run.id), text: runText(run) }], elsewhere);
    for (const id of (await this.#ids()).slice(this.capacity)) await removeFile(this.#file(id));
    await removeLeftovers(this.folder);
  }

  /** Every run, newest first, without its series; and every file that could not be taken as one. */
  async list(): Promise<RunList> {
    const { runs, refused } = await this.#load();
    return { runs: runs.map(summaryOf), refused };
  }

  /** Every readable run whole, newest first. */
  async all(): Promise<readonly RunRecord[]> {
    return (await this.#load()).runs;
  }

  /**
   * One run whole.
   * @param text its id, the beginning of it, or `last`
   * @throws WherryError `usage` when it names none or more than one; `store`, `store-newer`
   */
  async get(text: string): Promise<RunRecord> {
    const id = findId(text, await this.#ids());
    try {
      const run = await this.#read(id);
      if (run !== undefined) return run;
    } catch (error) {
      const { code, message } = toFailure(error);
      throw new WherryError(code, `run ${id}: ${message} (${this.#file(id)})`, { cause: error });
    }
    throw new WherryError('usage', `Run: ${id} is gone`);
  }

  /**
   * Deletes runs, readable or not, when each of them is there.
   * @param texts as for `get`
   * @returns the ids
   * @throws WherryError `usage` and deletes nothing when one names none or more than one; `store`
   */
  async delete(texts: readonly string[]): Promise<readonly string[]> {
    const ids = await this.#ids();
    const found = [...new Set(texts.map((text) => findId(text, ids)))];
    for (const id of found) await removeFile(this.#file(id));
    return found;
  }

  /**
   * Removes a file that `list` refuses, a newer version's too, by its name in the folder.
   * @throws WherryError `usage` for any other file; `store`
   */
  removeRefused(name: string): Promise<void> {
    return removeRefused(this.folder, runFilePattern, name, (file) => this.#read(idOf(file)));
  }

  async #load(): Promise<{ readonly runs: readonly RunRecord[]; readonly refused: readonly RefusedFile[] }> {
    const files = (await this.#ids()).map((id) => this.#file(id));
    const { taken, refused } = await readEach(files, (file) => this.#read(idOf(file)));
    return { runs: taken, refused };
  }

  /** Ids by file name, newest first. */
  async #ids(): Promise<readonly string[]> {
    const files = await listFiles(this.folder, runFilePattern);
    return files.map(idOf).reverse();
  }

  async #read(id: string): Promise<RunRecord | undefined> {
    const text = await readText(this.#file(id), maxRunBytes);
    if (text === undefined) return undefined;
    const run = parseRun(text);
    if (run.id === id) return run;
    throw new WherryError('store', `the run ${run.id} does not belong in this file`);
  }

  #file(id: string): string {
    if (!runIdPattern.test(id)) throw new WherryError('store', `Run: expected an id, got "${id}"`);
    return join(this.folder, `${id}.json`);
  }
}

function idOf(file: string): string {
  return basename(file, '.json');
}
