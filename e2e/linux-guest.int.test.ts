import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { queryMigrate } from '../src/engine/qmp/migrate';
import { parseCount, startLinuxPair } from './kit/linux';
import { monitor, moveNatively } from './kit/pairs';
import { differingPages } from './kit/ram';

describe('the Linux guest', () => {
  it('boots, fills memory, writes, and moves with what it counts', async () => {
    const memoryBytes = 256 * 2 ** 20;
    const pair = await startLinuxPair({ memoryBytes, fillMebibytes: 16, load: 'seed' });
    onTestFinished(() => pair.stop());
    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    const { serial, serialLog } = pair.sides.destination;

    await source.execute('migrate-set-parameters', { 'downtime-limit': 5000, 'max-bandwidth': 0 });
    await moveNatively(pair, source, destination);
    const normal = (await queryMigrate(source)).ram?.['normal-bytes'] ?? 0;
    expect(normal).toBeGreaterThan((48 + 16 + 16) * 2 ** 20); // content, fill and the pattern at least
    expect(await differingPages(source, destination, pair.directory, memoryBytes)).toEqual([]);

    const two = serial.waitForLine(() => countsIn(serialLog).length >= 2, 'two counts', 60_000);
    await destination.execute('cont');
    await two;
    const before = countsIn(pair.sides.source.serialLog).at(-1) ?? NaN;
    const after = countsIn(serialLog);
    expect([before + 1, before + 2]).toContain(after[0]);
    expect(after[1]).toBe((after[0] ?? NaN) + 1);
  });
});

function countsIn(serialLog: string): readonly number[] {
  const lines = readFileSync(serialLog, 'latin1').split('\n').slice(0, -1);
  return lines.map((line) => parseCount(line.trimEnd())).filter((count) => count !== undefined);
}
