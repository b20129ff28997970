import { writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { dialog } from 'electron';
import { toFailure, WherryError } from '../shared/failure';

/**
 * Writes a file where the operator says in the system's own dialog, and nowhere else.
 * @param name proposed for the file; its extension is the only kind offered
 * @returns the file, or nothing when the asking was called off
 * @throws WherryError `store`
 */
export async function saveWhereAsked(
  title: string,
  name: string,
  content: string | Uint8Array,
): Promise<string | undefined> {
  const extension = extname(name).slice(1);
  const { canceled, filePath } = await dialog.showSaveDialog({
    title,
    defaultPath: name,
    filters: [{ name: extension.toUpperCase(), extensions: [extension] }],
  });
  if (canceled || filePath === undefined || filePath === '') return undefined;
  await writeFile(filePath, content).catch((error: unknown) => {
    throw new WherryError('store', `could not write ${filePath}: ${toFailure(error).message}`, { cause: error });
  });
  return filePath;
}
