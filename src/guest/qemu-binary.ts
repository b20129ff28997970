import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { WherryError } from '../shared/failure';

const program = 'qemu-system-x86_64';

/** A QEMU that was found on this machine. */
export interface QemuBinary {
  readonly path: string;
  /** As QEMU writes it, e.g. `7.2.22`. */
  readonly version: string;
}

/** The QEMU on the `PATH`; undefined if there is none that starts. */
export function findQemu(): QemuBinary | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, program);
    if (folder === '' || !isExecutable(path)) continue;
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 10_000 });
    const version = /version (\d+\.\d+(?:\.\d+)?)/.exec(stdout)?.[1];
    if (version !== undefined) return { path, version };
  }
  return undefined;
}

/** @throws WherryError `worker` that says how to get it, when QEMU is not there */
export function requireQemu(): QemuBinary {
  const qemu = findQemu();
  if (qemu !== undefined) return qemu;
  throw new WherryError(
    'worker',
    `QEMU: expected ${program} on the PATH, found none; it is in the package qemu-system-x86 (Debian, Ubuntu), ` +
      'qemu-system-x86-core (Fedora) or qemu (Arch, Homebrew)',
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
