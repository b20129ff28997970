import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Command } from 'commander';
import { hasDisplay, resolveElectron } from '../../scripts/electron-runtime.mjs';
import { findQemu } from '../guest/qemu-binary';
import { projectRoot } from './console';

/** One thing looked at: what was found, and if it is missing or broken, how to mend it. */
export interface Finding {
  readonly path?: string;
  readonly version?: string;
  /** Where an Electron comes from: `package`, `downloaded`, `offline runtime` or `override`. */
  readonly from?: string;
  readonly ok: boolean;
  /** Present when it is not ok. */
  readonly remedy?: string;
}

/** What this machine has; the order is part of the JSON. */
export interface DoctorReport {
  readonly electron: Finding;
  readonly qemu: Finding;
  readonly node: Finding;
  readonly display: Finding;
  readonly sharedMemory: Finding;
  readonly zstd: Finding;
  readonly simd: Finding;
}

/** Without these no migration runs at all; the others are for the window and for QEMU samples. */
const essential: readonly (keyof DoctorReport)[] = ['node', 'sharedMemory', 'zstd', 'simd'];

const titles: Readonly<Record<keyof DoctorReport, string>> = {
  electron: 'Electron',
  qemu: 'QEMU',
  node: 'Node',
  display: 'Display',
  sharedMemory: 'Shared memory',
  zstd: 'zstd',
  simd: 'WebAssembly SIMD',
};

/** Adds `wherry doctor`; its exit status is 1 when something is missing without which no migration runs. */
export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check what this machine has, and say how to get what it lacks')
    .option('--json', 'the findings as one JSON object')
    .action(async ({ json }: { readonly json?: true }) => {
      const report = await doctor();
      console.log(json ? JSON.stringify(report) : describeReport(report));
      if (essential.some((name) => !report[name].ok)) process.exitCode = 1;
    });
}

/** Looks at everything Wherry stands on; never throws. */
export async function doctor(): Promise<DoctorReport> {
  return {
    electron: checkElectron(),
    qemu: checkQemu(),
    node: checkNode(process.versions.node),
    display: checkDisplay(process.env),
    sharedMemory: checkSharedMemory(),
    zstd: await checkZstd(),
    simd: checkSimd(),
  };
}

/** The findings as lines for people, and what they come to; what no migration needs is not marked as a fault. */
export function describeReport(report: DoctorReport): string {
  const width = Math.max(...Object.values(titles).map((title) => title.length));
  const names = Object.keys(titles) as (keyof DoctorReport)[];
  const lines = names.map((name) => {
    const { ok, version, from, path, remedy } = report[name];
    const facts = [version, path, from && `(${from})`].filter(Boolean).join(' ') || (ok ? 'works' : 'missing');
    const mark = ok ? '✓' : essential.includes(name) ? '✗' : '–';
    return `${mark} ${titles[name].padEnd(width)}  ${facts}${remedy ? `\n    ${remedy}` : ''}`;
  });
  const fit = essential.every((name) => report[name].ok);
  return [
    ...lines,
    '',
    fit ? 'Migrations can run here.' : 'No migration can run here before what is marked ✗ is there.',
  ].join('\n');
}

function checkElectron(): Finding {
  const found = resolveElectron(projectRoot, process.env);
  if (found === undefined) return { ok: false, remedy: `In ${projectRoot} run: npm run setup` };
  const { path, version, from } = found;
  return { path, ...(version !== undefined && { version }), from, ok: true };
}

function checkQemu(): Finding {
  const found = findQemu();
  if (found !== undefined) return { ...found, ok: true };
  return { ok: false, remedy: 'For QEMU samples and tests install it (Debian: apt-get install qemu-system-x86).' };
}

/** Node 18.15 is what the offline Electron carries, 20.19 what the tools need; the command itself runs on both. */
export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const ok = major > 18 || (major === 18 && minor >= 15);
  return { path: process.execPath, version, ok, ...(!ok && { remedy: 'Install Node 20.19 or newer.' }) };
}

function checkDisplay(env: NodeJS.ProcessEnv): Finding {
  if (!hasDisplay(env, process.platform)) {
    return { ok: false, remedy: 'The window needs DISPLAY or WAYLAND_DISPLAY; the wherry command works without.' };
  }
  const name = env['WAYLAND_DISPLAY'] ?? env['DISPLAY'];
  return { ...(name && { path: name }), ok: true };
}

function checkSharedMemory(): Finding {
  for (const path of ['/dev/shm', tmpdir()]) {
    try {
      accessSync(path, constants.W_OK | constants.X_OK);
      return { path, ok: true };
    } catch {
      continue; // the next one may do
    }
  }
  return { ok: false, remedy: 'Workers need a writable /dev/shm or folder for temporary files (TMPDIR).' };
}

async function checkZstd(): Promise<Finding> {
  try {
    // Imported here so that a missing addon is a finding and not the end of the command.
    const { compress, decompress } = await import('@mongodb-js/zstd');
    const sample = Buffer.alloc(4096, 'wherry');
    const back = await decompress(await compress(sample, 1));
    if (back.equals(sample)) return { ok: true };
  } catch {
    return { ok: false, remedy: 'The zstd addon did not load. Remove node_modules, then: npm run setup' };
  }
  return { ok: false, remedy: 'The zstd addon does not give back what it was given: install it anew (npm ci).' };
}

/** A module of one function, () => v128: i32.const 0, i8x16.splat. It compiles only where SIMD is there. */
const simdModule = '0061736d0100000001050160 00017b 03020100 0a08 0106 00 4100 fd0f 0b'.replaceAll(' ', '');

function checkSimd(): Finding {
  try {
    new WebAssembly.Module(Buffer.from(simdModule, 'hex'));
    return { ok: true };
  } catch {
    return { ok: false, remedy: 'This processor or Node has no WebAssembly SIMD; XBZRLE needs it.' };
  }
}
