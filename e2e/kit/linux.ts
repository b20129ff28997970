import { execFileSync } from 'node:child_process';
import { type QemuPair, startGuestPair } from '../../src/guest/qemu-pair';

export interface LinuxPairOptions {
  /** 512 MiB if left out. */
  readonly memoryBytes?: number;
  /** MiB of memory filled with code, text and random bytes; 0 if left out. */
  readonly fillMebibytes?: number;
  /** `seed` writes 16 MiB in the seed's pattern, every 20 ms. */
  readonly load?: 'idle' | 'seed';
}

/** A pair of QEMUs with the Linux guest of `scripts/linux-guest.mjs`, made now if it was not before. */
export async function startLinuxPair(options: LinuxPairOptions = {}): Promise<QemuPair> {
  const { memoryBytes = 512 * 2 ** 20, fillMebibytes = 0, load = 'idle' } = options;
  const [kernel = '', initrd = ''] = execFileSync(process.execPath, ['scripts/linux-guest.mjs'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).split('\n');
  // QEMU 7.2 under TCG does not log writes through entries that stay in its TLB: a busy guest loses pages even from QEMU
  // to QEMU. With page-table isolation every interrupt empties the TLB.
  const words = `console=ttyS0 quiet panic=-1 pti=on wherry.fill=${fillMebibytes} wherry.load=${load}`;
  return startGuestPair({
    memoryBytes,
    args: ['-M', 'pc', '-kernel', kernel, '-initrd', initrd, '-append', words],
    isUp: (line) => line === 'W',
    bootTimeoutMs: 300_000,
  });
}

/** The counter in a line of the Linux guest, if it is one. */
export function parseCount(line: string): number | undefined {
  return /^[0-9a-f]{8}$/.test(line) ? parseInt(line, 16) : undefined;
}
