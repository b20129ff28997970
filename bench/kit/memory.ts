import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { pageBytes } from '../../src/shared/settings';
import { linuxGuest, startSaved, withDirectory } from './guests';

const guestBytes = 512 * 2 ** 20;

/**
 * Real memory of the idle Linux guest: so many of its pages, those that are all zero left out, in runs of `runPages`
 * neighbours (a part's pages are neighbours too) taken evenly from all over it.
 */
export async function guestPages(count: number, runPages: number, say: (line: string) => void): Promise<Buffer> {
  const guest = await linuxGuest('idle', guestBytes, say);
  return withDirectory(async (directory) => {
    const side = await startSaved(guest, directory, 'dump');
    const file = join(directory, 'memory');
    try {
      await side.monitor.execute('stop');
      await side.monitor.execute('pmemsave', { val: 0, size: guestBytes, filename: file });
    } finally {
      await side.end();
    }
    return pick(file, count, runPages);
  });
}

function pick(file: string, count: number, runPages: number): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const runs: Buffer[] = [];
    for (let at = 0; at < guestBytes; at += runPages * pageBytes) {
      const run = Buffer.alloc(runPages * pageBytes);
      readSync(descriptor, run, 0, run.length, at);
      if (pagesOf(run).every((page) => page.some((byte) => byte !== 0))) runs.push(run);
    }
    const wanted = Math.ceil(count / runPages);
    if (runs.length < wanted)
      throw new Error(`Guest's memory: expected ${wanted} runs without zero pages, found ${runs.length}`);
    const every = runs.length / wanted;
    return Buffer.concat(Array.from({ length: wanted }, (_, i) => runs[Math.floor(i * every)] as Buffer));
  } finally {
    closeSync(descriptor);
  }
}

function pagesOf(bytes: Buffer): readonly Buffer[] {
  return Array.from({ length: bytes.length / pageBytes }, (_, i) => bytes.subarray(i * pageBytes, (i + 1) * pageBytes));
}
