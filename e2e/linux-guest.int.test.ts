import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { queryMigrate } from '../src/engine/qmp/migrate';
import type { QemuPair } from '../src/guest/qemu-pair';
import { parseCount, startLinuxPair } from './kit/linux';
import { expectStatus, monitor, moveNatively } from './kit/pairs';
import { differingPages } from './kit/ram';
import { until } from './kit/until';
import { runWherry } from './kit/wherry';

describe('the Linux guest', () => {
  it('boots, fills memory, counts, and moves with what it counts', async () => {
    const memoryBytes = 256 * 2 ** 20;
    const pair = await startLinuxPair({ memoryBytes, fillMebibytes: 16 });
    onTestFinished(() => pair.stop());
    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    const { serial, serialLog } = pair.sides.destination;

    await source.execute('migrate-set-parameters', { 'downtime-limit': 5000, 'max-bandwidth': 0 });
    await moveNatively(pair, source, destination);
    const normal = (await queryMigrate(source)).ram?.['normal-bytes'] ?? 0;
    expect(normal).toBeGreaterThan((48 + 16) * 2 ** 20); // content and fill at least
    expect(await differingPages(source, destination, pair.directory, memoryBytes)).toEqual([]);

    const two = serial.waitForLine(() => countsIn(serialLog).length >= 2, 'two counts', 60_000);
    await destination.execute('cont');
    await two;
    expectCountedOn(pair);
  });

  it('moves through Wherry, which says truly where it runs', async () => {
    const pair = await startLinuxPair({ fillMebibytes: 32 });
    onTestFinished(() => pair.stop());
    const addresses = ['--source', pair.source, '--destination', pair.destination];
    const run = await runWherry(['migrate', ...addresses, '--json']);
    expect(run.result, run.stderr).toMatchObject({ status: 'completed', guestRunningOn: 'destination' });
    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    await expectStatus(source, 'postmigrate');
    await expectStatus(destination, 'running');
    const { serialLog } = pair.sides.destination;
    await until(() => countsIn(serialLog).length >= 2, 'two counts');
    expectCountedOn(pair);
  });
});

/** The destination's guest goes on from the count the source's stopped at; one may be cut in two by the move. */
function expectCountedOn({ sides }: QemuPair): void {
  const before = countsIn(sides.source.serialLog).at(-1) ?? NaN;
  const after = countsIn(sides.destination.serialLog);
  expect([before + 1, before + 2]).toContain(after[0]);
  expect(after[1]).toBe((after[0] ?? NaN) + 1);
}

function countsIn(serialLog: string): readonly number[] {
  const lines = readFileSync(serialLog, 'latin1').split('\n').slice(0, -1);
  return lines.map((line) => parseCount(line.trimEnd())).filter((count) => count !== undefined);
}
