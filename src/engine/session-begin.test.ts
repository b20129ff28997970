import { describe, expect, it } from 'vitest';
import { FakeMonitor } from './qmp/testing';
import { changes, idle, incoming, migrate, monitor, monitors, nowhere, type Replies } from './session.testing';

describe('a session that cannot begin', () => {
  it.each<[string, Replies, Replies, string, RegExp]>([
    [
      'a source that is stopped for good',
      { ...idle, 'query-status': { status: 'shutdown', running: false } },
      incoming,
      'guest-state',
      /is shutdown, expected running or paused/,
    ],
    [
      'a source that migrates already',
      { ...idle, 'query-migrate': { status: 'active' } },
      incoming,
      'guest-state',
      /migrating already \(active\)/,
    ],
    [
      'a source with a blocker',
      { ...idle, 'query-migrate': { 'blocked-reasons': ['a passed-through disk'] } },
      incoming,
      'guest-state',
      /a passed-through disk/,
    ],
    ['a destination that runs', idle, idle, 'not-incoming', /is running, expected inmigrate/],
    [
      'another amount of RAM',
      idle,
      { ...incoming, 'query-memory-size-summary': { 'base-memory': 2 ** 30 } },
      'ram-mismatch',
      /67108864 bytes of RAM, the destination 1073741824/,
    ],
    ['an answer that is none of QEMU\u2019s', { ...idle, 'query-status': 7 }, incoming, 'qmp-protocol', /query-status/],
  ])('fails for %s and touches neither side', async (_, source, destination, code, message) => {
    const [here, there] = [await monitor(source), await monitor(destination)];
    const { report, states } = migrate(here.path, there.path);
    expect(await report).toMatchObject({
      status: 'failed',
      guestRunningOn: source['query-status'] === idle['query-status'] ? 'source' : 'unknown',
      error: { code, message: expect.stringMatching(message) as string },
      wireBytes: 0,
    });
    expect(states).toEqual(['preparing', 'failed']);
    expect([...changes(here), ...changes(there)]).toEqual([]);
  });

  it('fails where nobody listens, at either end', async () => {
    const there = await monitor(incoming);
    expect(await migrate(nowhere(), there.path).report).toMatchObject({
      status: 'failed',
      error: { code: 'qmp-unreachable' },
    });
    const here = await monitor(idle);
    expect(await migrate(here.path, nowhere()).report).toMatchObject({
      status: 'failed',
      error: { code: 'qmp-unreachable' },
    });
    expect(changes(here)).toEqual([]);
  });

  it('fails where the destination is the source, however that is written', async () => {
    const here = await monitor(idle);
    expect(await migrate(here.path, `unix:${here.path}`).report).toMatchObject({
      status: 'failed',
      guestRunningOn: 'source',
      error: { code: 'usage', message: expect.stringContaining('expected the monitor of another QEMU') as string },
    });
    expect(changes(here)).toEqual([]);
  });

  it('fails where something else answers', async () => {
    const other = await FakeMonitor.listen('SSH-2.0-OpenSSH_9.2\r\n');
    monitors.push(other);
    expect(await migrate(other.path, nowhere()).report).toMatchObject({
      status: 'failed',
      error: { code: 'qmp-protocol' },
    });
  });

  it('fails with settings that are none, and opens nothing', async () => {
    const { error } = await migrate(nowhere(), nowhere(), { method: 'zlib', level: 12 }).report;
    expect(error).toMatchObject({
      code: 'usage',
      message: expect.stringContaining('zlib takes 0 to 9, got 12') as string,
    });
  });

  it('fails when QEMU lacks a capability that is needed', async () => {
    const [here, there] = [await monitor({ ...idle, 'query-migrate-capabilities': [] }), await monitor(incoming)];
    expect(await migrate(here.path, there.path).report).toMatchObject({
      status: 'failed',
      error: { code: 'guest-state' },
    });
    expect(changes(here)).toEqual([]);
  });
});
