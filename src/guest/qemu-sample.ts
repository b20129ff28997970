import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { WherryError } from '../shared/failure';
import type { SerialConsole } from './qemu-serial';

const mebibyte = 2 ** 20;

/** What `scripts/assemble-guest.mjs` puts where, in guest-physical addresses and bytes. */
export const sampleGuest = {
  memory: { min: 32 * mebibyte, max: 3072 * mebibyte, default: 512 * mebibyte },
  /** A sweep increments one byte every `step` bytes of this area. */
  sweep: { address: mebibyte, bytes: 16 * mebibyte, step: 1024 },
  /** A fill begins here and must leave the last bytes to the firmware. */
  fill: { address: 17 * mebibyte, reserved: 15 * mebibyte },
  maxRate: 2 ** 32 - 1,
} as const;

/** What a sample guest does unless it is told otherwise: sweeps a second, and bytes filled where there is room. */
export const sampleDefaults = { rate: 50, fillBytes: 64 * mebibyte } as const;

/** Most bytes that can be filled in a guest with so much memory. */
export function fillRoom(memoryBytes: number): number {
  return Math.max(0, memoryBytes - sampleGuest.fill.address - sampleGuest.fill.reserved);
}

/** Bytes filled in a sample guest unless it is told otherwise. */
export function defaultFill(memoryBytes: number): number {
  return Math.min(sampleDefaults.fillBytes, fillRoom(memoryBytes));
}

/** One line of the guest's heartbeat, about ten a second. */
export interface Beat {
  /** Counts the lines since the guest was booted, over any number of migrations. */
  readonly beats: number;
  /** Counts the sweeps over the area. */
  readonly sweeps: number;
}

/** The beat in a serial line, if it is one. */
export function parseBeat(line: string): Beat | undefined {
  const [, beats, sweeps] = /^([0-9a-f]{8}) ([0-9a-f]{8})$/.exec(line) ?? [];
  if (beats === undefined || sweeps === undefined) return undefined;
  return { beats: parseInt(beats, 16), sweeps: parseInt(sweeps, 16) };
}

/** What the guest prints once, when it has booted. */
export const isBanner = (line: string): boolean => line === 'W';

/**
 * Sets how often a second the running guest sweeps; 0 is idle, `max` as fast as it can.
 * @throws WherryError `usage` for any other number, `worker` when the guest does not answer
 */
export async function setSweepRate(serial: SerialConsole, rate: number | 'max'): Promise<void> {
  const number = rate === 'max' ? sampleGuest.maxRate : rate;
  if (!Number.isInteger(number) || number < 0 || number > sampleGuest.maxRate) {
    throw new WherryError('usage', `Sweep rate: expected 0 to ${sampleGuest.maxRate} or max, got ${rate}`);
  }
  await command(serial, `${number}r`, 10_000);
}

/**
 * Makes the running guest fill so many bytes with pages of four kinds: random, letters, small numbers, all alike.
 * @throws WherryError `worker` when the guest does not answer
 */
export async function fillMemory(serial: SerialConsole, bytes: number): Promise<void> {
  await command(serial, `${bytes / mebibyte}f`, 120_000);
}

/**
 * Checks the sizes of a sample guest before one is started.
 * @throws WherryError `usage`
 */
export function checkSampleSizes(memoryBytes: number, fillBytes: number): void {
  const { min, max } = sampleGuest.memory;
  if (memoryBytes % mebibyte !== 0 || memoryBytes < min || memoryBytes > max) {
    throw new WherryError(
      'usage',
      `Memory: expected whole MiB from ${min / mebibyte} to ${max / mebibyte}, got ${memoryBytes / mebibyte} MiB`,
    );
  }
  const room = fillRoom(memoryBytes);
  if (fillBytes % mebibyte === 0 && fillBytes >= 0 && fillBytes <= room) return;
  throw new WherryError(
    'usage',
    `Fill: expected whole MiB from 0 to ${room / mebibyte}, got ${fillBytes / mebibyte} MiB`,
  );
}

/**
 * The boot sector's file, in the `resources` folder of this project: beside an ancestor of the running file, which
 * holds for the sources, for the bundles in `out/` and for an unpacked application.
 * @throws WherryError `internal`
 */
export function sampleImagePath(from: string = __dirname): string {
  const path = join(from, 'resources', 'sample-guest.img');
  if (existsSync(path)) return path;
  const parent = dirname(from);
  if (parent !== from) return sampleImagePath(parent);
  throw new WherryError('internal', `Sample guest: expected resources/sample-guest.img above ${__dirname}, found none`);
}

async function command(serial: SerialConsole, text: string, timeoutMs: number): Promise<void> {
  const letter = text.slice(-1);
  const answer = serial.waitForLine((line) => line === letter, `an answer to ${text}`, timeoutMs);
  serial.send(text);
  await answer;
}
