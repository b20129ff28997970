import { describe, expect, it } from 'vitest';
import { queryStatus } from '../src/engine/qmp/migrate';
import { expectCompleted, migrateWords, ways } from './kit/matrix';
import { expectCountedOn, expectStatus, expectSweepsWhole, monitor, samplePair } from './kit/pairs';
import { differingPages } from './kit/ram';
import { runWherry } from './kit/wherry';

const mebibyte = 2 ** 20;
const memoryBytes = 64 * mebibyte;
const busyPair = () => samplePair({ memoryBytes, rate: 'max', fillBytes: 16 * mebibyte });

describe('wherry migrate between two QEMUs', () => {
  it.each(ways)('arrives whole with method $method, XBZRLE $xbzrle, $policy', async (way) => {
    const pair = await busyPair();
    const report = expectCompleted(await runWherry([...migrateWords(pair, way), '--paused']), way);
    expect(report.guestRunningOn).toBe('none');
    expect(report.totalBytes).toBeGreaterThanOrEqual(memoryBytes);

    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    await expectStatus(source, 'postmigrate');
    expect((await queryStatus(destination)).running).toBe(false);
    expect(await differingPages(source, destination, pair.directory, memoryBytes)).toEqual([]);
  });

  it.each(ways)('goes on running with method $method, XBZRLE $xbzrle, $policy', async (way) => {
    const pair = await busyPair();
    const report = expectCompleted(await runWherry(migrateWords(pair, way)), way);
    expect(report.guestRunningOn).toBe('destination');
    expect(report.downtimeMs).toBeGreaterThan(0);

    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    await expectStatus(source, 'postmigrate');
    await expectStatus(destination, 'running');
    await expectCountedOn(pair);
    await expectSweepsWhole(pair, destination);
  });
});
