import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { WherryError } from '../../shared/failure';
import { systemText } from '../../shared/system-text';
import { makeFolder } from './make-folder';

/** A file to be written whole. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
}

/** A file that could not be read just now; what it holds is not known, and may be well. */
export class Unread extends WherryError {}

/** Ends what is said of a data folder that cannot be used. */
export const elsewhere = 'set WHERRY_DATA_DIR to use another data folder';

/** What a writer that died left behind is removed once it is this old; a living one takes milliseconds. */
const leftoverMs = 3_600_000;
const leftover = /^\..+\.[0-9a-f]{16}\.tmp$/;

/**
 * Writes files so that each is, at any moment and whatever dies, either as it was or as it is to be: into a temporary
 * file beside it, to the disk, then renamed over it. No file is renamed before all are on the disk, so a full disk
 * changes nothing. Folders are made when missing.
 * @param wayOut ends what is said of a failure: what else may be done
 * @throws WherryError `store`
 */
export async function writeFiles(files: readonly NewFile[], wayOut?: string): Promise<void> {
  const staged: { readonly from: string; readonly to: string }[] = [];
  const folders = new Set(files.map(({ path }) => dirname(path)));
  try {
    for (const folder of folders) makeFolder(folder);
    for (const { path, text } of files) {
      const from = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
      staged.push({ from, to: path });
      await writeThrough(from, text);
      await expectReplaceable(path);
    }
    for (const { from, to } of staged) await rename(from, to);
    for (const folder of folders) await syncFolder(folder);
  } catch (error) {
    for (const { from } of staged) await rm(from, { force: true }).catch(() => undefined);
    const [path] = files.map((file) => file.path);
    throw storeError(`could not write ${path ?? 'nothing'}`, error, wayOut);
  }
}

/** A rename that must fail is found out before the first one. */
async function expectReplaceable(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isDirectory() === true) throw new WherryError('store', `${path}: expected a plain file, found a folder`);
}

async function writeThrough(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Until a folder is on the disk, so is not what was renamed in it. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * A file's text, or undefined where there is none.
 * @throws Unread `store` where the system refuses, or it is no plain file
 * @throws WherryError `store` for what is larger than `maxBytes` or not UTF-8
 */
export async function readText(path: string, maxBytes: number): Promise<string | undefined> {
  try {
    // Not blocking: a pipe put there must not hold us.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await file.stat();
      if (!found.isFile()) throw new Unread('store', `${path}: expected a plain file`);
      if (found.size > maxBytes) {
        throw new WherryError('store', `${path}: expected at most ${maxBytes} bytes, got ${found.size}`);
      }
      return new TextDecoder('utf-8', { fatal: true }).decode(await file.readFile());
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isMissing(error)) return undefined;
    const known = storeError(`could not read ${path}`, error);
    const bySystem = error instanceof Error && 'syscall' in error;
    throw bySystem ? new Unread(known.code, known.message, { cause: error }) : known;
  }
}

/** Paths of a folder's files with a name like `pattern`, sorted; none where there is no folder. */
export async function listFiles(folder: string, pattern: RegExp): Promise<readonly string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => pattern.test(name))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    if (isMissing(error)) return [];
    throw storeError(`could not read ${folder}`, error, elsewhere);
  }
}

/**
 * Removes a file; one that is gone already is no error.
 * @throws WherryError `store`
 */
export async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (error) {
    throw storeError(`could not remove ${path}`, error);
  }
}

/** Removes what writers that died left in a folder. */
export async function removeLeftovers(folder: string, now = Date.now()): Promise<void> {
  for (const path of await listFiles(folder, leftover)) {
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && now - found.mtimeMs > leftoverMs) await removeFile(path);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function storeError(what: string, error: unknown, wayOut?: string): WherryError {
  if (error instanceof WherryError) return error;
  const then = wayOut === undefined ? '' : `; ${wayOut}`;
  return new WherryError('store', `${what}: ${systemText(error)}${then}`, { cause: error });
}
