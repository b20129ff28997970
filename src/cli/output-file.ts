import { resolve } from 'node:path';
import { writeFiles } from '../engine/store/files';
import { writeLine, type Streams } from './streams';

/** Writes what was exported to a file, whole or not at all, or without one to standard output. */
export async function writeExport({ out, err }: Streams, text: string, path: string | undefined): Promise<void> {
  if (path === undefined) {
    out.write(text);
    return;
  }
  await writeFiles([{ path: resolve(path), text }]);
  writeLine(err, `written to ${path}`);
}
