import { afterEach, describe, expect, it } from 'vitest';
import type { QmpClient } from '../src/engine/qmp/client';
import {
  queryCapabilities,
  queryMemoryBytes,
  queryMigrate,
  queryStatus,
  setCapabilities,
} from '../src/engine/qmp/migrate';
import { maxHeldBytes, rebuilt, seen } from '../src/engine/stream/testing';
import { expectStatus } from './kit/pairs';
import { CaptureSink, Cleanups, startGuest, temporaryDirectory, until } from './kit/stream-capture';

const cleanups = new Cleanups();
afterEach(() => cleanups.run());

interface Capture {
  readonly stream: Buffer;
  readonly live: Buffer;
  readonly connections: number;
}

/** Migrates a guest into the sink; `busy` lets it iterate until that holds and only then converge. */
async function capture(
  args: readonly string[],
  capabilities: Readonly<Record<string, boolean>> = {},
  options: { readonly migrate?: object; readonly busy?: (client: QmpClient) => Promise<boolean> } = {},
): Promise<Capture> {
  const directory = temporaryDirectory(cleanups);
  const { client } = await startGuest(directory, args, cleanups);
  const sink = await CaptureSink.listen(directory, cleanups);
  await setCapabilities(client, { events: true, ...capabilities });
  const over = client.waitFor('MIGRATION', ({ data }) => data['status'] === 'completed' || data['status'] === 'failed');
  if (options.busy) await client.execute('migrate-set-parameters', { 'downtime-limit': 1, 'max-bandwidth': 300_000 });
  await client.execute('migrate', { uri: `unix:${sink.path}`, ...options.migrate });
  if (options.busy) {
    const { busy } = options;
    await until('the migration to iterate', () => busy(client));
    await client.execute('migrate-set-parameters', { 'downtime-limit': 10_000, 'max-bandwidth': 0 });
  }
  expect((await over).data).toEqual({ status: 'completed' });
  return { stream: await sink.stream(), live: Buffer.concat(sink.rebuilt), connections: sink.streams.length };
}

/** Checks that the stream is rebuilt under several chunkings, and counts what was found in it. */
function examine({ stream, live }: Capture) {
  expect(live.equals(stream)).toBe(true);
  const whole = seen(stream).items;
  for (const sizes of [[1460], [65536], [4104], [1, 4095, 32768, 17], randomSizes(1), randomSizes(2)]) {
    expect(rebuilt(stream, sizes).equals(stream)).toBe(true);
    const { items, held } = seen(stream, sizes);
    expect(items).toEqual(whole);
    expect(held).toBeLessThanOrEqual(maxHeldBytes);
  }
  const count = (kind: string) => whole.filter((item) => item.startsWith(kind)).length;
  const listed = whole.filter((item) => item.startsWith('block')).map((item) => Number(item.split(' ').at(-1)) / 4096);
  const listedPages = listed.reduce((sum, pages) => sum + pages, 0);
  return { listedPages, blocks: listed.length, pages: count('page'), zeros: count('zero'), reason: whole.at(-1) };
}

/** Sizes up to 20 000, the same for the same seed (a linear congruential generator). */
function randomSizes(seed: number): number[] {
  let state = seed;
  return Array.from({ length: 200 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return 1 + (state % 20_000);
  });
}

/** Pages of a 64 MiB guest. */
const guestPages = (64 * 2 ** 20) / 4096;

describe('streams of a real QEMU', () => {
  it.each(['pc', 'q35', 'pc-i440fx-2.4', 'pc-i440fx-2.3', 'pc-i440fx-2.0'])(
    'of machine %s are understood',
    async (machine) => {
      const found = examine(await capture(['-M', machine]));
      expect(found.reason).toBe('opaque ram-end');
      expect(found.blocks).toBeGreaterThan(2);
      expect(found.pages).toBeGreaterThan(16);
      expect(found.pages + found.zeros).toBeGreaterThanOrEqual(found.listedPages);
    },
  );

  it('of a guest that never ran are understood', async () => {
    const found = examine(await capture(['-M', 'pc', '-S']));
    expect(found).toMatchObject({ reason: 'opaque ram-end' });
    expect(found.zeros).toBeGreaterThan(guestPages - 64);
  });

  it('with the return path and an announcement of postcopy are understood', async () => {
    const found = examine(await capture(['-M', 'pc'], { 'return-path': true, 'postcopy-ram': true }));
    expect(found.reason).toBe('opaque ram-end');
    expect(found.pages + found.zeros).toBeGreaterThanOrEqual(found.listedPages);
  });

  it('with pages compressed by the source are carried', async () => {
    const found = examine(await capture(['-M', 'pc'], { compress: true }));
    expect(found.reason).toBe('opaque ram-end');
    expect(found.zeros).toBeGreaterThan(guestPages / 2);
    expect(found.pages + found.zeros).toBeLessThan(found.listedPages);
  });

  it('with XBZRLE from the source are carried', async () => {
    const deltas = async (client: QmpClient) => {
      const info = await client.execute<{ 'xbzrle-cache'?: { bytes: number } }>('query-migrate');
      return (info['xbzrle-cache']?.bytes ?? 0) > 0;
    };
    const captured = await capture(['-M', 'pc'], { xbzrle: true }, { busy: deltas });
    const found = examine(captured);
    expect(found.reason).toBe('opaque ram-end');
    expect(found.pages + found.zeros).toBeGreaterThanOrEqual(found.listedPages);
  });

  it('with multifd keep their zero pages, and nothing else, in the main stream', async () => {
    const captured = await capture(['-M', 'pc'], { multifd: true });
    const found = examine(captured);
    expect(captured.connections).toBe(3);
    expect(found).toMatchObject({ reason: 'opaque ram-end', pages: 0 });
    expect(found.zeros).toBeGreaterThan(guestPages / 2);
  });

  it('with shared memory left out and a uuid are understood', async () => {
    const memory = ['-object', 'memory-backend-memfd,id=mem0,size=64M,share=on', '-machine', 'pc,memory-backend=mem0'];
    const uuid = ['-uuid', '11111111-2222-3333-4444-555555555555'];
    const found = examine(await capture([...memory, ...uuid], { 'x-ignore-shared': true, 'validate-uuid': true }));
    expect(found.reason).toBe('opaque ram-end');
    expect(found.blocks).toBeGreaterThan(2);
    expect(found.pages).toBeGreaterThan(16);
  });

  it('with disks in them are carried unread', async () => {
    const found = examine(await capture(['-M', 'pc'], {}, { migrate: { blk: true } }));
    expect(found).toEqual({ listedPages: 0, blocks: 0, pages: 0, zeros: 0, reason: 'opaque section-unknown' });
  });
});

describe('the monitor of a real QEMU', () => {
  it('answers as the typed replies expect, before and after a migration', async () => {
    const directory = temporaryDirectory(cleanups);
    const { client } = await startGuest(directory, ['-M', 'pc'], cleanups);
    expect(client.greeting.version.qemu.major).toBeGreaterThanOrEqual(7);
    expect(await queryStatus(client)).toEqual({ status: 'running', running: true });
    expect(await queryMigrate(client)).toEqual({});
    expect(await queryMemoryBytes(client)).toBe(64 * 2 ** 20);
    expect((await queryCapabilities(client)).get('xbzrle')).toBe(false);
    await expect(client.execute('no-such-command')).rejects.toMatchObject({
      code: 'qmp-command',
      message: expect.stringContaining('CommandNotFound') as unknown,
    });

    await setCapabilities(client, { events: true });
    const sink = await CaptureSink.listen(directory, cleanups);
    const stopped = client.waitFor('STOP');
    const completed = client.waitFor('MIGRATION', ({ data }) => data['status'] === 'completed');
    await client.execute('migrate', { uri: `unix:${sink.path}` });
    expect((await completed).timestampMs).toBeGreaterThanOrEqual((await stopped).timestampMs);
    const info = await queryMigrate(client);
    expect(info).toMatchObject({ status: 'completed', ram: { 'page-size': 4096 } });
    expect(info.downtime).toBeGreaterThanOrEqual(0);
    await expectStatus(client, 'postmigrate');

    const closed = new Promise((resolve) => client.onClose(resolve));
    await client.execute('quit');
    expect(await closed).toMatchObject({ code: 'qmp-closed' });
  });
});
