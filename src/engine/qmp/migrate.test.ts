import { describe, expect, it } from 'vitest';
import { QmpClient } from './client';
import { queryCapabilities, queryMemoryBytes, queryMigrate, queryStatus, setCapabilities } from './migrate';
import { FakeMonitor, greetingLine, reply } from './testing';

/** Runs `ask` against a monitor that returns `value` to every command. */
async function asking<T>(value: unknown, ask: (client: QmpClient) => Promise<T>): Promise<T> {
  const fake = await FakeMonitor.listen(`${greetingLine}\n`, ({ id }, socket) => reply(socket, { return: value, id }));
  const client = await QmpClient.connect(fake.path);
  try {
    return await ask(client);
  } finally {
    client.close();
    fake.close();
  }
}

describe('typed replies', () => {
  it('let through what they do not know', async () => {
    const status = { status: 'paused', running: false, singlestep: false };
    expect(await asking(status, queryStatus)).toMatchObject({ status: 'paused', running: false });
    const ram = { transferred: 1, remaining: 2, total: 3, skipped: 0, mbps: 1.5, 'dirty-sync-count': 4 };
    const info = { status: 'active', 'total-time': 12, ram, vfio: { transferred: 1 } };
    expect((await asking(info, queryMigrate)).ram?.['dirty-sync-count']).toBe(4);
    expect(await asking({}, queryMigrate)).toEqual({});
  });

  it('add up memory and index capabilities', async () => {
    expect(await asking({ 'base-memory': 512, 'plugged-memory': 128 }, queryMemoryBytes)).toBe(640);
    expect(await asking({ 'base-memory': 512 }, queryMemoryBytes)).toBe(512);
    const listed = [{ capability: 'xbzrle', state: true }];
    expect(await asking(listed, queryCapabilities)).toEqual(new Map([['xbzrle', true]]));
    await asking({}, (client) => setCapabilities(client, { xbzrle: false, events: true }));
  });

  it.each([
    ['query-status', { status: 3 }, queryStatus],
    ['query-migrate', { ram: { transferred: '1' } }, queryMigrate],
    ['query-memory-size-summary', null, queryMemoryBytes],
    ['query-migrate-capabilities', {}, queryCapabilities],
  ])('of another shape are refused: %s', async (command, value, ask: (client: QmpClient) => Promise<unknown>) => {
    await expect(asking(value, ask)).rejects.toMatchObject({
      code: 'qmp-protocol',
      message: expect.stringContaining(command) as unknown,
    });
  });
});
