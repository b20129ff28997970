import { describe, expect, it } from 'vitest';
import { queryMigrate, queryStatus } from '../src/engine/qmp/migrate';
import type { QemuPair } from '../src/guest/qemu-pair';
import { monitorProxy, type CutRule, type MonitorProxy } from './kit/monitor-proxy';
import { expectCountedOn, expectStatus, monitor, samplePair } from './kit/pairs';
import { until } from './kit/until';
import { runWherry, type WherryRun } from './kit/wherry';

const mebibyte = 2 ** 20;
const smallPair = () => samplePair({ memoryBytes: 64 * mebibyte, rate: 20, fillBytes: mebibyte });
const completed = /"event": "MIGRATION", "data": \{"status": "completed"\}/;

interface CutRun {
  readonly pair: QemuPair;
  readonly run: WherryRun;
  readonly proxy: MonitorProxy;
}

/** Migrates a guest with a proxy before one side's monitor, which has cut the link when this returns. */
async function migrateCut(side: 'source' | 'destination', rule: CutRule): Promise<CutRun> {
  const pair = await smallPair();
  const proxy = await monitorProxy(pair[side], `${pair.directory}/cut.qmp`, rule);
  const addresses = { source: pair.source, destination: pair.destination, [side]: proxy.address };
  const words = ['--source', addresses.source, '--destination', addresses.destination];
  const run = await runWherry(['migrate', ...words, '--compress-threads', '2', '--json']);
  await proxy.cut;
  return { pair, run, proxy };
}

/** Asks the two QEMUs themselves. The source must have let go, so at most one copy can ever run. */
async function expectLetGo({ source, destination }: QemuPair, there: 'running' | 'paused'): Promise<void> {
  const here = await monitor(source);
  expect((await queryMigrate(here)).status).toBe('completed');
  await expectStatus(here, 'postmigrate');
  await expectStatus(await monitor(destination), there);
}

const uncertain = { code: 3, result: { status: 'uncertain', guestRunningOn: 'unknown' } };

describe("the source's monitor cut as it says `completed`", () => {
  it.each<[string, CutRule['line'], CutRule['then'], number]>([
    ['heard, and nobody there afterwards', 'kept', 'gone', 1],
    ['heard, and there again afterwards', 'kept', 'back', 1],
    ['unheard, and there again afterwards', 'lost', 'back', 2],
  ])('%s: the guest runs on the destination alone', async (_, line, then, connections) => {
    const { pair, run, proxy } = await migrateCut('source', { at: completed, by: 'qemu', line, then });
    expect(run, run.stderr).toMatchObject({ code: 0, result: { status: 'completed', guestRunningOn: 'destination' } });
    expect(proxy.connections()).toBe(connections);
    expect(proxy.heard.filter((text) => text.includes('"cont"'))).toEqual([]);
    await expectLetGo(pair, 'running');
    await expectCountedOn(pair);
  });

  it('unheard, and nobody there afterwards: uncertain, and nothing is started', async () => {
    const { pair, run } = await migrateCut('source', { at: completed, by: 'qemu', line: 'lost', then: 'gone' });
    expect(run, run.stderr).toMatchObject(uncertain);
    expect(run.result?.error?.message).toMatch(/contact with the source was lost: check it/);
    await expectLetGo(pair, 'paused');
  });
});

describe("the destination's monitor cut around `cont`", () => {
  it.each<[string, CutRule, 'running' | 'paused']>([
    ['before it', { at: /"execute":"cont"/, by: 'wherry', line: 'lost', then: 'gone' }, 'paused'],
    ['after it, its answer lost', { at: /"event": "RESUME"/, by: 'qemu', line: 'lost', then: 'gone' }, 'running'],
    [
      'after it, between event and answer',
      { at: /"event": "RESUME"/, by: 'qemu', line: 'kept', then: 'gone' },
      'running',
    ],
  ])('%s: uncertain, and the source is left stopped', async (_, rule, there) => {
    const { pair, run } = await migrateCut('destination', rule);
    expect(run, run.stderr).toMatchObject(uncertain);
    expect(run.result?.error?.message).toMatch(/handed the guest over and stays stopped: check the destination/);
    await expectLetGo(pair, there);
  });
});

describe("the destination's monitor cut before the source lets go", () => {
  it('fails, and the guest runs on the source alone', async () => {
    const rule = { at: /"status": "active"/, by: 'qemu', line: 'lost', then: 'gone' } as const;
    const { pair, run } = await migrateCut('destination', rule);
    expect(run, run.stderr).toMatchObject({ code: 1, result: { status: 'failed', guestRunningOn: 'source' } });
    await expectStatus(await monitor(pair.source), 'running');
  });

  it('as it has loaded the guest: one copy runs, or it is uncertain and none does', async () => {
    const { pair, run } = await migrateCut('destination', { at: completed, by: 'qemu', line: 'lost', then: 'gone' });
    const [here, there] = [await monitor(pair.source), await monitor(pair.destination)];
    expect((await queryStatus(there)).running).toBe(false);
    const { status, running } = await until(async () => {
      const said = await queryStatus(here);
      return said.status !== 'finish-migrate' && said;
    }, "the source's state to settle");
    if (running) expect(run, run.stderr).toMatchObject({ code: 1, result: { guestRunningOn: 'source' } });
    else expect({ status, ...run }, run.stderr).toMatchObject({ status: 'postmigrate', ...uncertain });
  });
});
