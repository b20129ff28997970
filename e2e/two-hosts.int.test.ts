import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { QmpClient } from '../src/engine/qmp/client';
import { type Pairing, formatPairing, parsePairing } from '../src/shared/pairing';
import type { SamplePair } from '../src/shared/guest';
import type { LinkFigures } from '../src/shared/link';
import type { Report } from '../src/shared/snapshot';
import { builtinPairs } from './kit/builtin-pairs';
import { expectStatus, monitor, samplePair } from './kit/pairs';
import { differingPages } from './kit/ram';
import { type DelayLine, type TwoHosts, twoHosts } from './kit/two-hosts';
import { testedLink } from './kit/tested-link';
import { until } from './kit/until';

const mebibyte = 2 ** 20;
const memoryBytes = 64 * mebibyte;

const guests: Readonly<Record<string, () => Promise<SamplePair>>> = {
  'the built-in guest': builtinPairs(memoryBytes),
  'a QEMU guest': () => samplePair({ memoryBytes, rate: 20, fillBytes: 16 * mebibyte }),
};

function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a migration of `pair` from alpha to a receiver on beta; `by` is another way there than the cable alone. */
async function migrate(
  hosts: TwoHosts,
  pair: SamplePair,
  options: readonly string[],
  by: (port: number) => Promise<Partial<Pairing>> = () => Promise.resolve({}),
) {
  const env = { WHERRY_DATA_DIR: ownFolder() };
  const listen = `${hosts.address.beta}:0`;
  const receiver = hosts.wherry(
    'beta',
    ['receive', '--listen', listen, '--destination', pair.destination, '--json'],
    env,
  );
  const listening = await receiver.line(({ event }) => event === 'listening', 60_000);
  const url = String(listening?.['url']);
  expect(url, receiver.stderr).toContain(`wherry://${hosts.address.beta}:`);
  const pairing = parsePairing(url);
  const destination = formatPairing({ ...pairing, ...(await by(pairing.port)) });
  const words = ['migrate', '--source', pair.source, '--destination', destination, '--compress-threads', '2', '--json'];
  return hosts.wherry('alpha', [...words, '--downtime-limit', '2s', ...options], env);
}

async function resultOf(sender: Awaited<ReturnType<typeof migrate>>): Promise<Report> {
  await sender.ended;
  const last = sender.lines.at(-1);
  expect(last?.event, sender.stderr).toBe('result');
  return last as unknown as Report;
}

/**
 * What a test says of a cable of 60 Mbit/s: what it carries less its own heads, and TCP's, and TLS's. What TCP has kept
 * back for a packet that was lost comes all at once, so that it may be some per cent more.
 */
function expectCable(link: LinkFigures | undefined): void {
  expect(link?.throughput).toBeGreaterThan(4e6);
  expect(link?.throughput).toBeLessThan(7.5e6 * 1.15);
  expect(link?.roundTripMs).toBeGreaterThan(0);
  expect(link?.roundTripMs).toBeLessThanOrEqual(link?.roundTripMedianMs ?? NaN);
}

describe('between two hosts', () => {
  it.each([1, 4])('a link test over %i channels shows what the cable carries', async (channels) => {
    const hosts = await twoHosts('60mbit');
    const pair = await guests['the built-in guest']?.();
    const env = { WHERRY_DATA_DIR: ownFolder() };
    const listen = `${hosts.address.beta}:0`;
    const words = ['receive', '--listen', listen, '--destination', String(pair?.destination), '--json'];
    const receiver = hosts.wherry('beta', words, env);
    const url = String((await receiver.line(({ event }) => event === 'listening', 60_000))?.['url']);
    const test = async () => {
      const command = hosts.wherry('alpha', ['link-test', url, '--channels', String(channels), '--json'], env);
      return (await command.line(({ event }) => event === 'link', 60_000)) as unknown as LinkFigures | undefined;
    };
    await testedLink(test, expectCable);
  });
});

describe.each(Object.keys(guests))('between two hosts, %s', (name) => {
  const start = (): Promise<SamplePair> => guests[name]?.() ?? Promise.reject(new Error(name));
  const differing = (source: QmpClient, destination: QmpClient): Promise<readonly number[]> =>
    differingPages(source, destination, ownFolder(), memoryBytes);

  it.each([1, 4])('arrives with all its memory, over %i channels', async (channels) => {
    const hosts = await twoHosts('60mbit');
    const pair = await start();
    const report = await resultOf(await migrate(hosts, pair, ['--paused', '--channels', String(channels)]));
    expect(report).toMatchObject({ status: 'completed', guestRunningOn: 'none' });
    // It went over the cable, and nothing went twice that the report does not know of: a frame's heads are a few per cent.
    const sent = hosts.sentBytes('alpha');
    const bytes = report.wireBytes + (report.link?.bytes ?? NaN);
    expect(sent).toBeGreaterThan(bytes);
    expect(sent).toBeLessThan(bytes * 1.25 + mebibyte);
    expect(report.link).toMatchObject({ channels });

    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    await expectStatus(source, 'postmigrate');
    await expectStatus(destination, 'paused');
    expect(await differing(source, destination)).toEqual([]);
  });

  it('arrives with all its memory from 40 ms away', async () => {
    const hosts = await twoHosts('40mbit');
    const pair = await start();
    let line: DelayLine | undefined;
    const sender = await migrate(hosts, pair, ['--paused', '--channels', '2'], async (port) => {
      line = await hosts.delay(port, 40);
      return line.endpoint;
    });
    const report = await resultOf(sender);
    expect(report).toMatchObject({ status: 'completed', guestRunningOn: 'none', reconnects: 0 });
    const carried = (): number => (line?.carried() ?? []).reduce((sum, { bytes }) => sum + bytes, 0);
    expect(report.link?.roundTripMs).toBeGreaterThanOrEqual(79.9); // timers may be early by less than a tenth
    expect(report.downtimeErrorMs ?? 0).toBeLessThanOrEqual((report.link?.roundTripMs ?? NaN) / 2);
    const bytes = report.wireBytes + (report.link?.bytes ?? NaN);
    await until(() => carried() > bytes, 'the ends of all connections');
    expect(Math.min(...(line?.carried() ?? []).map(({ leastMs }) => leastMs))).toBeGreaterThanOrEqual(40);
    const [source, destination] = [await monitor(pair.source), await monitor(pair.destination)];
    expect(await differing(source, destination)).toEqual([]);
  });

  it('arrives although the cable was out for a while', async () => {
    const hosts = await twoHosts('20mbit');
    const pair = await start();
    const sender = await migrate(hosts, pair, []);
    await sender.line(({ wireBytes }) => Number(wireBytes) > mebibyte, 60_000);
    // Nobody has set a limit: it has to see by itself that the cable is what takes the time.
    expect(await sender.line(({ bottleneck }) => bottleneck === 'link', 60_000)).toBeDefined();
    hosts.plug('down');
    const stuck = sender.lines.length;
    await sender.line((line) => sender.lines.indexOf(line) > stuck + 2, 60_000);
    hosts.plug('up');
    expect(await resultOf(sender)).toMatchObject({ status: 'completed', guestRunningOn: 'destination' });
    await expectStatus(await monitor(pair.source), 'postmigrate');
    await expectStatus(await monitor(pair.destination), 'running');
  });
});
