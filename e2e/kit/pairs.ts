import { readFileSync } from 'node:fs';
import { expect, onTestFinished } from 'vitest';
import { QmpClient } from '../../src/engine/qmp/client';
import { queryStatus, setCapabilities } from '../../src/engine/qmp/migrate';
import { type QemuPair, type QemuSide, startQemuPair } from '../../src/guest/qemu-pair';
import { type Beat, isBanner, parseBeat, setSweepRate } from '../../src/guest/qemu-sample';
import type { SerialConsole } from '../../src/guest/qemu-serial';
import { sweptTo } from './ram';
import { until } from './until';

/** A sample pair that is gone after the test. */
export async function samplePair(options: Parameters<typeof startQemuPair>[0]): Promise<QemuPair> {
  const pair = await startQemuPair(options);
  onTestFinished(() => pair.stop());
  return pair;
}

/** A monitor session that is over after the test. */
export async function monitor(address: string): Promise<QmpClient> {
  const client = await QmpClient.connect(address);
  onTestFinished(() => client.close());
  return client;
}

/** Moves a guest with nothing but the two QEMUs, over a unix socket; both sides are stopped in the end. */
export async function moveNatively(pair: QemuPair, source: QmpClient, destination: QmpClient): Promise<void> {
  const uri = `unix:${pair.directory}/migration`;
  await setCapabilities(source, { events: true, 'return-path': true });
  await setCapabilities(destination, { events: true });
  const over = source.waitFor('MIGRATION', ({ data }) => data['status'] === 'completed' || data['status'] === 'failed');
  await destination.execute('migrate-incoming', { uri });
  await source.execute('migrate', { uri });
  expect((await over).data).toEqual({ status: 'completed' });
}

/**
 * Waits until a guest is in this run state. A QEMU says that a migration is over, and lets others act on it, a moment
 * before the guest's state follows: `finish-migrate` and `inmigrate` stand until then.
 */
export async function expectStatus(client: QmpClient, expected: string): Promise<void> {
  const passing = [expected, 'finish-migrate', 'inmigrate'];
  const settled = async (): Promise<string | false> => {
    const { status } = await queryStatus(client);
    return (status === expected || !passing.includes(status)) && status;
  };
  expect(await until(settled, `the run state ${expected}`)).toBe(expected);
}

/** What a sample guest wrote on one side's serial port so far. */
export function serialOf(side: QemuSide): { readonly banners: number; readonly beats: readonly Beat[] } {
  const lines = readFileSync(side.serialLog, 'latin1').split('\n').slice(0, -1);
  const beats = lines.map(parseBeat).filter((beat) => beat !== undefined);
  return { banners: lines.filter(isBanner).length, beats };
}

/**
 * Checks that the destination's guest goes on from where the source's stopped: it counts on without a gap and without
 * a second boot, and its sweeps are no fewer.
 */
export async function expectCountedOn({ sides }: QemuPair): Promise<void> {
  const after = await until(() => {
    const { beats } = serialOf(sides.destination);
    return beats.length >= 3 && beats;
  }, 'three beats at the destination');
  const before = serialOf(sides.source).beats;
  const all = [...before, ...after];
  // A line that was being written when the guest stopped is half in each log, and so in neither.
  const gap = (after[0]?.beats ?? 0) - (before.at(-1)?.beats ?? 0);
  expect([1, 2]).toContain(gap);
  expect(serialOf(sides.destination).banners).toBe(0);
  for (const [i, beat] of all.entries()) {
    if (i > 0 && i !== before.length) expect(beat.beats).toBe((all[i - 1]?.beats ?? 0) + 1);
    expect(beat.sweeps).toBeGreaterThanOrEqual(all[i - 1]?.sweeps ?? 0);
  }
}

/**
 * Checks that a sample guest runs on one side: it goes on counting, and leaves nothing out. Its log is read, since a machine
 * that stood still brings several lines at once.
 */
export async function expectCounting(side: QemuSide): Promise<void> {
  const before = serialOf(side).beats.length;
  const beats = await until(() => {
    const now = serialOf(side).beats;
    return now.length >= before + 2 && now;
  }, 'two more beats');
  for (const [i, { beats: count }] of beats.entries()) if (i > 0) expect(count).toBe((beats[i - 1]?.beats ?? 0) + 1);
}

/** The next beat of a running sample guest. */
export async function nextBeat(serial: SerialConsole): Promise<Beat> {
  const line = await serial.waitForLine((text) => parseBeat(text) !== undefined, 'a beat', 60_000);
  return parseBeat(line) ?? { beats: NaN, sweeps: NaN };
}

/**
 * Stops the destination's guest between two sweeps and checks that no byte of any sweep was lost, on either side: each
 * shows the guest's own count.
 */
export async function expectSweepsWhole({ sides, directory }: QemuPair, destination: QmpClient): Promise<void> {
  const { serial } = sides.destination;
  await setSweepRate(serial, 0);
  const { sweeps } = await nextBeat(serial);
  await destination.execute('stop');
  expect(await sweptTo(destination, directory)).toBe(sweeps % 256);
}
