import { chmod, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { WherryError } from '../../shared/failure';
import { elsewhere, readText, Unread, writeFiles } from './files';

const maxBytes = 64 * 1024;
/** Bits that let anybody but the owner in. */
const others = 0o077;

/**
 * The text of a file that only its owner may read, or undefined where there is none. One that others can read is closed
 * to them, and `say` is told: they may have it.
 * @throws WherryError `store`
 */
export async function readSecret(path: string, say: (text: string) => void): Promise<string | undefined> {
  const text = await readText(path, maxBytes).catch((error: unknown) => {
    // What is no UTF-8 is damaged text like any other: empty here, so that the caller says so and makes it anew.
    if (error instanceof Error && error.cause instanceof TypeError) return '';
    if (!(error instanceof Unread)) throw error;
    throw new WherryError(error.code, `${error.message}; ${elsewhere}`, { cause: error });
  });
  if (text === undefined) return undefined;
  const [file, folder] = await Promise.all([stat(path), stat(dirname(path))]);
  if ((folder.mode & others) !== 0) await chmod(dirname(path), 0o700);
  if ((file.mode & others) !== 0) {
    await chmod(path, 0o600);
    say(`${path} could be read by others, and no longer can; if they may have done so, delete it: a new one is made`);
  }
  return text;
}

/**
 * Writes a file that only its owner may read, in a folder that only its owner may enter.
 * @throws WherryError `store`
 */
export async function writeSecret(path: string, text: string): Promise<void> {
  await writeFiles([{ path, text }], elsewhere); // 0600, and 0700 where the folder is new
  await chmod(dirname(path), 0o700);
}
