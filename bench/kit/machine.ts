import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { findQemu } from '../../src/guest/qemu-binary';

/** Where figures come from: without it they mean nothing. */
export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
  /** Absent where there is no QEMU. */
  readonly qemu?: string;
  /** Processes wanting a core, mean of the last minute, when the bench was begun: high means others were at work. */
  readonly load: number;
}

/** This machine, now. */
export function thisMachine(): Machine {
  const qemu = findQemu()?.version;
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    ...(qemu !== undefined && { qemu }),
    load: loadavg()[0] ?? NaN,
  };
}

/** The version that is measured: git's short name for it, with a `+` when files have been changed since. */
export function thisVersion(): string {
  const git = (...words: readonly string[]): string =>
    execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain', '-uno') === '' ? '' : '+');
  } catch {
    return (JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string }).version;
  }
}
