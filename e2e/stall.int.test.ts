import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import * as v from 'valibot';
import { encodeInputBytes, keyBytes, maxPartBytes } from '../src/codec/job';
import { RingWorker, type RingJob, type WorkerReply } from '../src/codec/ring-worker';
import { pageBytes } from '../src/shared/settings';
import { bundleWorkers, type BundledWorkers } from './kit/bundled-workers';
import { isAlive } from './kit/processes';
import { until } from './kit/until';

const pages = 8;
/** A machine may be slow to start a worker, but hardly to answer it. */
const stallTimes = { sayMs: 2000, giveUpMs: 4000 };

let workers: BundledWorkers;

beforeAll(async () => {
  process.env['NODE_PATH'] = resolve('node_modules'); // the bundles lie outside the project
  workers = await bundleWorkers(['compress']);
});
afterAll(() => workers.remove());

function parse(message: unknown): WorkerReply<unknown> {
  if (v.is(v.object({ type: v.literal('ready') }), message)) return { type: 'ready' };
  const { slot, bytes } = v.parse(v.object({ slot: v.number(), bytes: v.number() }), message);
  return { type: 'done', slot, reply: message, outputBytes: bytes };
}

/** A real worker behind a real ring, ready, and what was said of it. */
async function start(restarts: number): Promise<{ worker: RingWorker<unknown>; said: string[] }> {
  const said: string[] = [];
  const worker = new RingWorker<unknown>({
    spawn: workers.spawn,
    kind: 'compress',
    name: 'compress-0',
    shape: { slots: 2, inBytes: encodeInputBytes(pages), outBytes: maxPartBytes(pages) },
    open: (ring) => ({ type: 'open', ring, shards: [0], cachePages: 16, cachePolicy: 'lru', xbzrle: true }),
    parse,
    restarts,
    stallTimes,
    onStalled: () => said.push(worker.stalled ? 'stalled' : 'not stalled'),
    onRestart: () => said.push('started again'),
  });
  onTestFinished(() => worker.close());
  await worker.ready();
  return { worker, said };
}

function job(): RingJob {
  const keys = Buffer.alloc(pages * keyBytes);
  for (let page = 0; page < pages; page++) keys.writeDoubleLE(page, page * keyBytes);
  const message = (slot: number): object => ({ type: 'encode', slot, shard: 0, pages, method: 'none', level: 0 });
  return { input: [keys, randomBytes(pages * pageBytes)], message };
}

describe('a worker process stopped by a signal', () => {
  it('is replaced, and its jobs are done by the next one', async () => {
    const { worker, said } = await start(1);
    const stopped = worker.pid ?? NaN;
    process.kill(stopped, 'SIGSTOP');
    const parts = await Promise.all([worker.run(job()), worker.run(job()), worker.run(job())]);
    for (const { output } of parts) expect(output.length).toBeGreaterThan(pages * pageBytes);
    expect(said).toEqual(['stalled', 'started again']);
    expect(worker.stalled).toBe(false);
    await until(() => !isAlive(stopped), 'the stopped one to end');
  });

  it('ends the run where its state cannot be lost', async () => {
    const { worker, said } = await start(0);
    const stopped = worker.pid ?? NaN;
    process.kill(stopped, 'SIGSTOP');
    await expect(worker.run(job())).rejects.toMatchObject({
      code: 'worker',
      message: 'compress-0 died: no answer for 4 s',
    });
    expect(said).toEqual(['stalled']);
    await until(() => !isAlive(stopped), 'the stopped one to end');
  });
});
