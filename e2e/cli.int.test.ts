import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitCodes } from '../src/cli/exit-codes';
import { resultKeys } from '../src/cli/json-lines';
import { type BundledCommand, bundleCommand } from './kit/bundled-command';

let command: BundledCommand;
let folder: string;
let chatter: Server;

/** Where nothing listens, and where something does that is no monitor. */
const nobody = (): string => join(folder, 'nobody.qmp');
const stranger = (): string => join(folder, 'stranger.sock');

beforeAll(async () => {
  command = await bundleCommand();
  folder = mkdtempSync(join(tmpdir(), 'wherry-cli-'));
  chatter = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('SSH-2.0-OpenSSH_9.2\r\n');
  });
  await new Promise<void>((listening) => chatter.listen(stranger(), listening));
});

afterAll(async () => {
  command.remove();
  await new Promise((closed) => chatter.close(closed));
  rmSync(folder, { recursive: true, force: true });
});

const ends = ['--source', '/tmp/a', '--destination', '/tmp/b'] as const;

describe('bad input', () => {
  it.each([
    [[], 'Usage: wherry'],
    [['sail'], "unknown command 'sail'"],
    [['zzz'], "unknown command 'zzz': --help has those there are"],
    [['migrate'], "required option '--source <address>' not specified"],
    [['migrate', ...ends, '--method', 'lz4'], 'expected one of none, zlib, zstd, auto, got "lz4"'],
    [['migrate', ...ends, '--level', '20'], 'zstd takes 1 to 19, got 20'],
    [['migrate', ...ends, '--channels', '17'], 'Channels: expected a whole number from 1 to 16, got 17'],
    [['demo', '--memory', '1GB'], 'expected whole MiB'],
    [['sample', '--kind', 'builtin', '--memory', '4GiB'], 'Guest memory: expected whole pages from 64 MiB to 2 GiB'],
    [['sample', '--kind', 'builtin', '--memory', '1MiB'], 'Guest memory: expected whole pages from 64 MiB to 2 GiB'],
    [['sample', '--kind', 'builtin', '--rate', '10000001'], 'Rate: expected a whole number from 0 to 10000000'],
    [['sample', '--kind', 'builtin', '--rate', '-1'], 'expected a whole number of 0 or more, got "-1"'],
    [['sample', '--kind', 'builtin', '--fill', '1MiB'], '--fill: the built-in guest'],
  ])('%j ends with 2 and says why', async (words, message) => {
    const { code, out, err } = await command.start(...words).ended;
    expect({ code, out }).toEqual({ code: exitCodes.usage, out: '' });
    expect(err).toContain(message);
  });

  it.each([
    ['nobody listens', nobody, 'qmp-unreachable'],
    ['something else listens', stranger, 'qmp-protocol'],
  ])('a source where %s ends with 1 and names the address', async (_, address, expected) => {
    const { code, out, err } = await command.start(
      'migrate',
      '--source',
      address(),
      '--destination',
      nobody(),
      '--json',
    ).ended;
    const last = results(out).at(-1);
    expect(last).toMatchObject({ event: 'result', status: 'failed', error: { code: expected } });
    expect(err).toContain(address());
    expect(code).toBe(exitCodes.failed);
  });
});

describe('wherry demo', () => {
  const small = ['demo', '--memory', '64MiB', '--compress-threads', '2'] as const;

  it('completes and reports in JSON', async () => {
    const { code, out, err } = await command.start(...small, '--max-bandwidth', '200Mbit', '--json').ended;
    expect(err).toContain('Migration completed.');
    expect(code).toBe(exitCodes.completed);
    const events = results(out);
    expect(events.slice(0, -1).every(({ event }) => event === 'progress')).toBe(true);
    expect(events.length).toBeGreaterThan(2);
    const result = events.at(-1);
    expect(result).toMatchObject({ event: 'result', status: 'completed', guestRunningOn: 'destination' });
    // In one host there is no link, and one clock; one that has completed needs no verdict.
    const absent: readonly string[] = ['error', 'timedOut', 'link', 'downtimeErrorMs', 'verdict'];
    expect(Object.keys(result ?? {})).toEqual(['event', ...resultKeys.filter((key) => !absent.includes(key))]);
  });

  it('shows people a log and a table', async () => {
    const { code, out, err } = await command.start(...small).ended;
    expect(code).toBe(exitCodes.completed);
    expect(err).toMatch(/^iterating, /m);
    expect(out).toMatch(/^total time: +\d+ ms$/m);
    expect(out).toMatch(/The guest runs on the destination\.\n$/);
  });

  it('is cancelled by a stop signal, and the guest stays', async () => {
    const run = command.start(...small, '--workload', 'random', '--max-bandwidth', '8Mbit', '--json');
    await run.printed(/"state":"bulk"/);
    run.child.kill('SIGINT');
    const { code, out } = await run.ended;
    expect(results(out).at(-1)).toMatchObject({ status: 'cancelled', guestRunningOn: 'source' });
    expect(code).toBe(exitCodes.cancelled);
  });

  it('is cancelled by its timeout, and says so', async () => {
    const slow = ['--workload', 'random', '--max-bandwidth', '8Mbit', '--timeout', '2s'] as const;
    const { code, out, err } = await command.start(...small, ...slow, '--json').ended;
    expect(results(out).at(-1)).toMatchObject({
      status: 'cancelled',
      guestRunningOn: 'source',
      timedOut: 'cancel',
      error: { code: 'timed-out' },
    });
    expect(err).toContain(
      'Migration cancelled: no switchover within the timeout of 2.0 s. The guest runs on the source.',
    );
    expect(code).toBe(exitCodes.cancelled);
  });

  it("is cancelled by a terminal's Ctrl-C, which all of its processes get, while workers still start", async () => {
    const run = command.start(...small, '--workload', 'random', '--max-bandwidth', '8Mbit', '--json');
    await run.printed(/"state":"preparing"/);
    process.kill(-Number(run.child.pid), 'SIGINT');
    const { code, out } = await run.ended;
    expect(results(out).at(-1)).toMatchObject({ status: 'cancelled', guestRunningOn: 'source' });
    expect(code).toBe(exitCodes.cancelled);
  });

  it('leaves it to its end when told to stop more than once, and says so once each', async () => {
    const run = command.start(...small, '--workload', 'random', '--max-bandwidth', '8Mbit');
    await run.said(/^bulk, /m);
    run.child.kill('SIGTERM');
    await run.said(/^Cancelling: /m);
    run.child.kill('SIGINT');
    const { code, err } = await run.ended;
    expect(err.match(/^Cancelling: /gm)).toHaveLength(1);
    // The guest of the other side says a word of its own when its stream ends, before or after this.
    expect(err).toMatch(/^Cancelling: [^]*^Migration cancelled\. The guest runs on the source\.$/m);
    expect(code).toBe(exitCodes.cancelled);
  });

  it('goes on to its end when its reader goes away', async () => {
    const run = command.start(...small, '--max-bandwidth', '50Mbit', '--json');
    await run.printed(/"state":"bulk"/);
    run.child.stdout?.destroy();
    const { code, err } = await run.ended;
    expect(err).toContain('Standard output is closed; the migration goes on.');
    expect(err).toContain('Migration completed.');
    expect(code).toBe(exitCodes.completed);
  });
});

describe('a reader that goes away', () => {
  it.each([[['profiles', 'list']], [['--help']], [['manual']]])('ends %j quietly', async (words) => {
    const run = command.start(...words);
    run.child.stdout?.destroy();
    const { code, err } = await run.ended;
    expect({ code, err }).toEqual({ code: exitCodes.unread, err: '' });
  });

  it('does not end a sample', async () => {
    const run = command.start('sample', '--kind', 'builtin', '--memory', '64MiB');
    run.child.stdout?.destroy();
    await run.said(/^Standard output is closed; the sample goes on\.$/m);
    run.child.kill('SIGTERM');
    expect((await run.ended).code).toBe(exitCodes.completed);
  });
});

describe('a data folder that cannot be made', () => {
  it.each([
    ['in /proc', () => '/proc/wherry', 'no folder can be made in /proc'],
    ['under a file', () => join(folder, 'file', 'data'), 'something in its path is not a folder'],
  ])('%s is said, and nothing hangs', async (_, data, why) => {
    writeFileSync(join(folder, 'file'), '');
    const save = await command.startIn(data(), 'profiles', 'save', 'mine', '--level', '3').ended;
    expect(save).toMatchObject({ code: exitCodes.failed, err: expect.stringContaining(why) as string });
    const demo = await command.startIn(data(), 'demo', '--memory', '64MiB', '--compress-threads', '1', '--json').ended;
    expect(demo).toMatchObject({ code: exitCodes.completed, err: expect.stringContaining(why) as string });
  });
});

function results(out: string): readonly Record<string, unknown>[] {
  const lines = out.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}
