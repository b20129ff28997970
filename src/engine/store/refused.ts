import { basename } from 'node:path';
import { toFailure, WherryError } from '../../shared/failure';
import type { RefusedFile } from '../../shared/profile';
import { listFiles, removeFile, Unread } from './files';

/** Takes a file as what it holds; nothing where there is no such file. @throws WherryError for one that will not do */
export type ReadFile<Value> = (path: string) => Promise<Value | undefined>;

/** What a folder's files hold, and those that could not be taken, each with the reason; they stay where they are. */
export async function readEach<Value>(
  paths: readonly string[],
  read: ReadFile<Value>,
): Promise<{ readonly taken: readonly Value[]; readonly refused: readonly RefusedFile[] }> {
  const taken: Value[] = [];
  const refused: RefusedFile[] = [];
  for (const file of paths) {
    try {
      const value = await read(file);
      if (value !== undefined) taken.push(value);
    } catch (error) {
      const refusal = { file, name: basename(file), reason: toFailure(error).message };
      refused.push(error instanceof Unread ? { ...refusal, unread: true } : refusal);
    }
  }
  return { taken, refused };
}

/**
 * Removes a file that is refused now for what it holds, and no other: by its name in the folder, which has to be one of
 * those listed there.
 * @throws WherryError `usage` where there is no such file, it can be read after all, or not at all now; `store`
 */
export async function removeRefused<Value>(
  folder: string,
  pattern: RegExp,
  name: string,
  read: ReadFile<Value>,
): Promise<void> {
  const file = (await listFiles(folder, pattern)).find((each) => basename(each) === name);
  if (file === undefined) throw new WherryError('usage', `there is no refused file "${name}" in ${folder}`);
  const { taken, refused } = await readEach([file], read);
  if (taken.length > 0) throw new WherryError('usage', `${file} can be read now, so it was not removed`);
  const unread = refused.find((each) => each.unread === true);
  if (unread !== undefined) throw new WherryError('usage', `${unread.reason}: what it holds is not known, so it stays`);
  await removeFile(file);
}
