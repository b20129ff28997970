import { connect } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { queryStatus } from '../src/engine/qmp/migrate';
import { frameHead } from '../src/engine/wire/frame';
import { formatPairing } from '../src/shared/pairing';
import type { SamplePair } from '../src/shared/guest';
import { builtinPairs } from './kit/builtin-pairs';
import { Cutter } from './kit/cutter';
import { Opened } from './kit/loopback';
import { monitor } from './kit/pairs';
import { startReceive, type RunningReceiver } from './kit/receive';
import { until } from './kit/until';
import { runWherry } from './kit/wherry';

const opened = new Opened();
const guests = builtinPairs(64 * 2 ** 20);

afterEach(() => opened.close());

const words = ({ source }: SamplePair, destination: string): string[] => {
  const to = ['--source', source, '--destination', destination];
  return ['migrate', ...to, '--compress-threads', '2', '--no-link-test', '--json'];
};

/** Stops it as an operator does, and gives all that it has said. */
async function stopped(receiver: RunningReceiver): Promise<string> {
  process.kill(receiver.pid, 'SIGTERM');
  await receiver.ended;
  return receiver.stderr();
}

describe('a receiver', () => {
  it('that is stopped tells its sender so, which need not wait for it', async () => {
    const pair = await guests();
    const receiver = await startReceive(pair.destination);
    let stop: Promise<string> | undefined;
    const run = await runWherry([...words(pair, receiver.url), '--max-bandwidth', '1MB/s'], (child) =>
      child.stdout?.on('data', (chunk: Buffer | string) => {
        if (/"wireBytes":[1-9]\d{5}/.test(String(chunk))) stop ??= stopped(receiver);
      }),
    );
    expect(run).toMatchObject({ code: 1, result: { status: 'failed', guestRunningOn: 'source' } });
    expect(run.result?.error).toEqual({ code: 'wire-refused', message: 'the receiver was stopped' });
    expect(await stop).toContain('A guest did not arrive: the receiver was stopped.');
    expect((await queryStatus(await monitor(pair.source))).status).toBe('running');
  });

  it('has no more to say after a good run than that', async () => {
    const pair = await guests();
    const receiver = await startReceive(pair.destination);
    const run = await runWherry(words(pair, receiver.url));
    expect(run.result, run.stderr).toMatchObject({ status: 'completed' });
    await receiver.event('session');
    const lines = (await stopped(receiver)).trim().split('\n');
    // A machine that stands still for seconds makes a link come back: that is told of, too.
    expect(lines.filter((line) => !/(to come back|is back)$/.test(line))).toEqual([
      expect.stringContaining('keep it secret'),
      expect.stringContaining('The next migration needs this pairing text'),
      expect.stringContaining('A guest has arrived'),
      expect.stringContaining('The next migration needs a fresh QEMU'),
    ]);
  });

  it.each([
    ['with TLS', []],
    ['without', ['--insecure']],
  ])('tells a host that it has shut out so, %s', async (_, more) => {
    const pair = await guests();
    const receiver = await startReceive(pair.destination, ...more);
    for (let guess = 0; guess < 15; guess++) {
      await new Promise<void>((over) => {
        const socket = connect(receiver.pairing.port, '127.0.0.1', () =>
          socket.write('GET /index.html HTTP/1.0\r\n\r\n'),
        );
        onTestFinished(() => void socket.destroy());
        socket
          .on('error', () => undefined)
          .on('close', () => over())
          .resume();
      });
    }
    await until(() => receiver.stderr().includes('nothing more is taken from 127.0.0.1'), 'a word about it');
    const run = await runWherry([...words(pair, receiver.url), ...more]);
    expect(run).toMatchObject({ code: 1, result: { status: 'failed', guestRunningOn: 'source', reconnects: 0 } });
    expect(run.result?.error).toMatchObject({
      code: 'wire-refused',
      message: expect.stringContaining('too many wrong attempts came from here') as string,
    });
    expect(run.stderr).not.toContain('reconnecting');
  });

  it('says of its own QEMU that it is its own', async () => {
    const pair = await guests();
    const receiver = await startReceive(pair.destination);
    const there = await monitor(pair.destination);
    const gone = new Promise<unknown>((over) => void there.onClose(over));
    await there.execute('quit').catch(() => undefined);
    await gone;
    const run = await runWherry(words(pair, receiver.url));
    expect(run.result?.error?.message).toMatch(/^at the receiver, on the destination's host: /);
  });
});

describe('a migration that is cancelled in its link test', () => {
  it('goes no further', async () => {
    const pair = await guests();
    const receiver = await startReceive(pair.destination, '--insecure');
    const cutter = new Cutter(opened);
    const port = await cutter.between(receiver.pairing.port);
    const to = formatPairing({ ...receiver.pairing, port });
    const line = words(pair, to).filter((word) => word !== '--no-link-test');
    const run = await runWherry([...line, '--insecure'], (child) => {
      cutter.breakAt(frameHead('load', 1).subarray(0, 6).toString('latin1'), 'half-open');
      cutter.onCut = () => {
        cutter.onCut = () => undefined;
        cutter.breakAt(frameHead('hello', 0).subarray(0, 6).toString('latin1'), 'cut');
        child.kill('SIGINT');
      };
    });
    expect(run).toMatchObject({ code: 130, result: { status: 'cancelled', guestRunningOn: 'source' } });
    // The stream never asked to be let in: a second cut.
    expect(cutter.cuts).toBe(1);
    expect((await queryStatus(await monitor(pair.source))).status).toBe('running');
  });
});
