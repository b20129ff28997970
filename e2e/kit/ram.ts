import { closeSync, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { QmpClient } from '../../src/engine/qmp/client';
import { sampleGuest } from '../../src/guest/qemu-sample';
import { pageBytes } from '../../src/shared/settings';

const chunkBytes = 4 * 2 ** 20;

/** Guest-physical memory, as the processor would read it; QEMU writes it to a file in `directory` on the way. */
export async function readRam(client: QmpClient, directory: string, address: number, bytes: number): Promise<Buffer> {
  const file = join(directory, 'ram.part');
  try {
    await client.execute('pmemsave', { val: address, size: bytes, filename: file });
    const content = Buffer.alloc(bytes);
    const descriptor = openSync(file, 'r');
    readSync(descriptor, content);
    closeSync(descriptor);
    return content;
  } finally {
    rmSync(file, { force: true });
  }
}

/**
 * Addresses of the pages in which two stopped guests differ. Memory of a PC is contiguous up to 3 GiB but for the hole
 * below 1 MiB; what is seen there (firmware, open bus) must be equal as well.
 */
export async function differingPages(
  source: QmpClient,
  destination: QmpClient,
  directory: string,
  memoryBytes: number,
): Promise<readonly number[]> {
  const differing: number[] = [];
  for (let at = 0; at < memoryBytes; at += chunkBytes) {
    const here = await readRam(source, directory, at, Math.min(chunkBytes, memoryBytes - at));
    const there = await readRam(destination, directory, at, here.length);
    if (here.equals(there)) continue;
    for (let page = 0; page < here.length; page += pageBytes) {
      if (here.compare(there, page, page + pageBytes, page, page + pageBytes) !== 0) differing.push(at + page);
    }
  }
  return differing;
}

/** What a sample guest counts to in each byte it sweeps, modulo 256; an error if they are not all alike. */
export async function sweptTo(client: QmpClient, directory: string): Promise<number> {
  const { address, bytes, step } = sampleGuest.sweep;
  const area = await readRam(client, directory, address, bytes);
  const counts = Array.from({ length: bytes / step }, (_, i) => area.readUInt8(i * step));
  const others = counts.flatMap((count, at) => (count === counts[0] ? [] : [{ at, count }]));
  if (others.length > 0) throw new Error(`Expected ${counts[0]} everywhere, got ${JSON.stringify(others.slice(0, 8))}`);
  return counts[0] ?? NaN;
}
