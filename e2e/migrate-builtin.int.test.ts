import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QmpClient } from '../src/engine/qmp/client';
import type { WorkloadState } from '../src/guest/workload';
import { builtinPairs } from './kit/builtin-pairs';
import { expectCompleted, migrateWords, ways } from './kit/matrix';
import { expectStatus, monitor } from './kit/pairs';
import { differingPages } from './kit/ram';
import { until } from './kit/until';
import { runWherry } from './kit/wherry';

const memoryBytes = 64 * 2 ** 20;
const busyPair = builtinPairs(memoryBytes);
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'wherry-test-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const stateOf = (client: QmpClient): Promise<WorkloadState> => client.execute<WorkloadState>('x-wherry-counter');

describe('wherry migrate between two built-in guests', () => {
  it.each(ways)('arrives whole with method $method, XBZRLE $xbzrle, $policy', async (way) => {
    const pair = await busyPair();
    const report = expectCompleted(await runWherry([...migrateWords(pair, way), '--paused']), way);
    expect(report.guestRunningOn).toBe('none');

    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    await expectStatus(source, 'postmigrate');
    await expectStatus(destination, 'paused');
    expect(await differingPages(source, destination, directory, memoryBytes)).toEqual([]);
    expect(await stateOf(destination)).toEqual(await stateOf(source));
  });

  it('arrives whole where what finds its thread busy goes uncompressed', async () => {
    const pair = await busyPair();
    const way = { method: 'zstd', xbzrle: 'on', policy: 'adaptive' } as const;
    const busy = ['--no-wait-thread', '--compress-threads', '1', '--level', '9', '--paused'];
    const { result, stderr } = await runWherry([...migrateWords(pair, way), ...busy]);
    expect(result, stderr).toMatchObject({ status: 'completed' });
    expect(result?.compression.busy).toBeGreaterThan(0);
    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    expect(await differingPages(source, destination, directory, memoryBytes)).toEqual([]);
  });

  it.each(ways)('goes on running with method $method, XBZRLE $xbzrle, $policy', async (way) => {
    const pair = await busyPair();
    const report = expectCompleted(await runWherry(migrateWords(pair, way)), way);
    expect(report.guestRunningOn).toBe('destination');
    expect(report.downtimeMs).toBeGreaterThan(0);

    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    await expectStatus(source, 'postmigrate');
    await expectStatus(destination, 'running');
    const { counter } = await stateOf(source);
    await until(async () => (await stateOf(destination)).counter > counter, 'the workload to go on');
    expect((await stateOf(source)).counter).toBe(counter);
  });
});
