import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commandLine } from '../shared/command-line';
import { WherryError } from '../shared/failure';
import {
  cachePolicies,
  defaultSettings,
  limits,
  methods,
  pageBytes,
  timeoutActions,
  type MigrationSettings,
} from '../shared/settings';
import { exitCodes } from './exit-codes';
import { buildProgram, runProgram } from './program';
import type { DemoRequest, MigrateRequest } from './program';

interface Parsed {
  readonly code: number | undefined;
  readonly migrate: readonly MigrateRequest[];
  readonly demo: readonly DemoRequest[];
  readonly out: string;
  readonly err: string;
}

async function parse(...words: readonly string[]): Promise<Parsed> {
  const migrate: MigrateRequest[] = [];
  const demo: DemoRequest[] = [];
  let [out, err] = ['', ''];
  const program = buildProgram(
    {
      profile: profileNamed,
      migrate: (request) => Promise.resolve(void migrate.push(request)),
      demo: (request) => Promise.resolve(void demo.push(request)),
    },
    '1.2.3',
  );
  for (const command of [program, ...program.commands]) {
    command.configureOutput({ writeOut: (text) => (out += text), writeErr: (text) => (err += text) });
  }
  const code = await runProgram(program, words, (line) => (err += `${line}\n`));
  return { code, migrate, demo, out, err };
}

const light = { ...defaultSettings, method: 'zlib', downtimeLimitMs: 70 } as const;
const slow = { ...defaultSettings, level: 9, xbzrleCacheBytes: 256 * 2 ** 20, paused: true };

function profileNamed(name: string): Promise<MigrationSettings> {
  if (name === 'Slow') return Promise.resolve(slow);
  if (name === 'Light') return Promise.resolve(light);
  return Promise.reject(new WherryError('usage', `Profile: expected one of Slow, Light; got "${name}"`));
}

const ends = ['--source', '/run/a.qmp', '--destination', 'tcp:far:4444'] as const;

describe('wherry migrate --direct', () => {
  it.each([
    ['--method', 'zstd'],
    ['--level', '3'],
    ['--compress-threads', '2'],
    ['--decompress-threads', '2'],
  ])('refuses %s, which only a receiver can honour', async (flag, value) => {
    const { code, migrate, err } = await parse('migrate', '--direct', ...ends, flag, value);
    expect({ code, migrate }).toEqual({ code: exitCodes.usage, migrate: [] });
    expect(err).toBe(`error: --direct: ${flag} needs a receiver over there\n`);
  });

  it("refuses a profile's method, unless the one there is stands beside it", async () => {
    const refused = await parse('migrate', '--direct', ...ends, '--profile', 'Light');
    expect(refused).toMatchObject({ code: exitCodes.usage, migrate: [] });
    expect(refused.err).toBe(
      'error: --direct: profile "Light" has method zlib, which needs a receiver over there; give --method none beside it\n',
    );
    const { migrate } = await parse('migrate', '--direct', ...ends, '--profile', 'Light', '--method', 'none');
    expect(migrate).toMatchObject([{ direct: true, settings: { method: 'none', downtimeLimitMs: 70 } }]);
  });

  it('takes the method there is, and whatever else it has', async () => {
    const { migrate } = await parse('migrate', '--direct', ...ends, '--method', 'none', '--xbzrle-cache', '4MiB');
    expect(migrate).toMatchObject([{ direct: true, settings: { method: 'none', xbzrleCacheBytes: 4 * 2 ** 20 } }]);
  });
});

describe('wherry migrate', () => {
  it('takes the defaults', async () => {
    const { code, migrate } = await parse('migrate', ...ends);
    expect(code).toBeUndefined();
    expect(migrate).toEqual([
      { source: '/run/a.qmp', destination: 'tcp:far:4444', settings: defaultSettings, json: false },
    ]);
  });

  it.each([
    [['--method', 'zlib', '--level', '0'], { method: 'zlib', level: 0 }],
    [['--method=none'], { method: 'none' }],
    [['--level', '19'], { level: 19 }],
    [['--compress-threads', '3', '--decompress-threads', '4'], { compressThreads: 3, decompressThreads: 4 }],
    [['--channels', '16'], { channels: 16 }],
    [['--xbzrle-cache', '0'], { xbzrleCacheBytes: 0 }],
    [['--xbzrle-cache', '128 MiB'], { xbzrleCacheBytes: 128 * 2 ** 20 }],
    [['--cache-policy', 'lru'], { cachePolicy: 'lru' }],
    [['--max-bandwidth', '100Mbit'], { maxBandwidth: 12.5e6 }],
    [['--max-bandwidth', '12MB/s'], { maxBandwidth: 12e6 }],
    [['--downtime-limit', '1.5s'], { downtimeLimitMs: 1500 }],
    [['--timeout', '10m', '--on-timeout', 'force'], { timeoutMs: 600_000, onTimeout: 'force' }],
    [
      ['--resume-window', '2m', '--switchover-resume-window', '0'],
      { resumeWindowMs: 120_000, switchoverResumeWindowMs: 0 },
    ],
    [['--no-link-test'], { linkTest: false }],
    [['--paused'], { paused: true }],
  ])('reads %j', async (words, changed) => {
    const { migrate, err } = await parse('migrate', ...ends, ...words);
    expect(err).toBe('');
    expect(migrate[0]?.settings).toEqual({ ...defaultSettings, ...changed });
  });

  it('reads back every line commandLine writes', async () => {
    const settings = fc.constantFrom(...methods).chain((method) =>
      fc.record({
        method: fc.constant(method),
        level: fc.integer(limits.level[method]),
        compressThreads: fc.integer(limits.compressThreads),
        decompressThreads: fc.integer(limits.decompressThreads),
        channels: fc.integer(limits.channels),
        xbzrleCacheBytes: fc.oneof(fc.constant(0), fc.integer({ ...limits.xbzrleCacheBytes, min: pageBytes })),
        cachePolicy: fc.constantFrom(...cachePolicies),
        maxBandwidth: fc.integer(limits.maxBandwidth),
        downtimeLimitMs: fc.integer(limits.downtimeLimitMs),
        waitForThread: fc.boolean(),
        autoConverge: fc.boolean(),
        timeoutMs: fc.integer(limits.timeoutMs),
        onTimeout: fc.constantFrom(...timeoutActions),
        resumeWindowMs: fc.integer(limits.resumeWindowMs),
        switchoverResumeWindowMs: fc.integer(limits.switchoverResumeWindowMs),
        linkTest: fc.boolean(),
        paused: fc.boolean(),
      }),
    );
    await fc.assert(
      fc.asyncProperty(settings, async (wanted) => {
        const [, ...words] = commandLine('/run/a.qmp', 'tcp:far:4444', wanted).split(' ');
        expect((await parse(...words)).migrate[0]?.settings).toEqual(wanted);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    [[], {}],
    [['--level', '1'], { level: 1 }], // what is given counts, even where it is the default
    [['--method', 'zlib'], { method: 'zlib' }],
    [['--no-paused', '--xbzrle-cache', '0'], { paused: false, xbzrleCacheBytes: 0 }],
  ])('puts %j over the settings of a profile', async (words, changed) => {
    const { migrate, demo } = await parse('migrate', ...ends, '--profile', 'Slow', ...words);
    expect(migrate[0]?.settings).toEqual({ ...slow, ...changed });
    expect((await parse('demo', ...words, '--profile', 'Slow')).demo[0]?.settings).toEqual(migrate[0]?.settings);
    expect(demo).toEqual([]);
  });

  it.each([
    [[], "required option '--source <address>' not specified"],
    [['--source', '/a'], "required option '--destination <address>' not specified"],
    [['--source', 'a.qmp', '--destination', '/b'], 'QMP address: expected /path'],
    [[...ends, '--method', 'lz4'], 'Compression method: expected one of none, zlib, zstd, auto, got "lz4"'],
    [[...ends, '--cache-policy', 'fifo'], 'XBZRLE cache policy: expected one of lru, adaptive, got "fifo"'],
    [[...ends, '--timeout', '8d'], 'Timeout: expected 0 to 7d, got 8d'],
    [[...ends, '--on-timeout', 'suspend'], 'On timeout: expected one of cancel, force, got "suspend"'],
    [[...ends, '--level', '20'], 'error: Compression level: zstd takes 1 to 19, got 20'],
    [[...ends, '--level', '0'], 'Compression level: zstd takes 1 to 19, got 0'],
    [[...ends, '--method', 'zlib', '--level', '10'], 'Compression level: zlib takes 0 to 9, got 10'],
    [[...ends, '--level', 'high'], 'expected a whole number of 0 or more, got "high"'],
    [[...ends, '--compress-threads', '0'], 'Compress threads: expected a whole number from 1 to 255, got 0'],
    [[...ends, '--compress-threads', '1e2'], 'expected a whole number of 0 or more, got "1e2"'],
    [[...ends, '--max-bandwidth', '100M'], 'expected a rate such as 100Mbit'],
    [
      [...ends, '--max-bandwidth', '100'],
      'error: --max-bandwidth: expected a rate such as 100Mbit or 12MB/s, or 0 for no limit, got "100", which has no unit',
    ],
    [[...ends, '--max-bandwidth', '9Tbit'], 'Bandwidth limit: expected 0 to 8Tbit, got 9Tbit'],
    [[...ends, '--timeout', '5'], 'got "5", which has no unit: 5s or 5ms?'],
    [[...ends, '--xbzrle-cache', 'big'], 'expected a size such as 64MiB'],
    [[...ends, '--downtime-limit', '0'], 'Downtime limit: expected 1ms to 2000s, got 0'],
    [[...ends, '--channels', '17'], 'Channels: expected a whole number from 1 to 16, got 17'],
    [[...ends, '--channel', '4'], "unknown option '--channel' (Did you mean --channels?)"],
    [[...ends, '--levle', '4'], "unknown option '--levle' (Did you mean --level?)"],
    [[...ends, '--profile', 'None'], 'error: Profile: expected one of Slow, Light; got "None"'],
    [[...ends, '--profile', 'Slow', '--method', 'none', '--level', '20'], 'Compression level'],
    [[...ends, '--profile', 'Slow', '--method', 'zlib', '--level', '10'], 'zlib takes 0 to 9, got 10'],
    [[...ends, 'extra'], 'too many arguments'],
  ])('refuses %j in one line', async (words, message) => {
    const { code, migrate, err } = await parse('migrate', ...words);
    expect(err).toContain(message);
    expect(err).toMatch(/^error: [^\n]+\n$/);
    expect(code).toBe(exitCodes.usage);
    expect(migrate).toEqual([]);
  });
});

describe('a destination that holds a secret', () => {
  const token = '5e'.repeat(32);
  const text = `wherry://beta:4711?fingerprint=${'fe'.repeat(32)}&token=${token}`;
  let folder = '';
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'wherry-test-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is read from a file, so that it need not stand on the command line', async () => {
    writeFileSync(join(folder, 'pairing'), `${text}\n`);
    const { migrate } = await parse('migrate', '--source', '/a', '--destination', `@${folder}/pairing`);
    expect(migrate).toMatchObject([{ destination: text }]);
  });

  it.each([
    ['wherry://beta?token=', 'on the command line'],
    ['@', 'in a file'],
  ])('is not repeated where it is wrong: %s', async (begin, where) => {
    writeFileSync(join(folder, 'pairing'), `wherry://beta?token=${token}`);
    const word = where === 'in a file' ? `${begin}${folder}/pairing` : `${begin}${token}`;
    const { code, migrate, err } = await parse('migrate', '--source', '/a', '--destination', word);
    expect({ code, migrate }).toEqual({ code: exitCodes.usage, migrate: [] });
    expect(err).toContain('Receiver: expected wherry://host:port');
    expect(err).toMatch(/^error: [^\n]+\n$/);
    expect(err).not.toContain(token);
  });
});

describe('wherry demo', () => {
  it('takes the defaults', async () => {
    const { demo } = await parse('demo');
    expect(demo).toEqual([{ settings: defaultSettings, workload: 'seed', memoryBytes: 512 * 2 ** 20, json: false }]);
  });

  it('reads its own options beside the settings', async () => {
    const words = ['--workload', 'erp', '--memory', '64MiB', '--seed', '7', '--rate', '1000', '--level', '3', '--json'];
    const { demo } = await parse('demo', ...words);
    const settings = { ...defaultSettings, level: 3 };
    expect(demo).toEqual([{ settings, workload: 'erp', memoryBytes: 64 * 2 ** 20, seed: 7, rate: 1000, json: true }]);
  });

  it.each([
    [['--workload', 'sleep'], 'Workload: expected one of idle, seed, erp, random, got "sleep"'],
    [['--memory', '1MiB'], 'from 64 MiB to 2 GiB, got 1 MiB'],
    [['--memory', '100000000'], 'got 95.4 MiB'],
    [['--seed', '-1'], 'expected a whole number'],
    [['--seed', '4294967296'], 'Seed: expected a whole number from 0 to 4294967295'],
    [['--source', '/a'], "unknown option '--source'"],
  ])('refuses %j in one line', async (words, message) => {
    const { code, demo, err } = await parse('demo', ...words);
    expect(err).toContain(message);
    expect(err).toMatch(/^error: [^\n]+\n$/);
    expect(code).toBe(exitCodes.usage);
    expect(demo).toEqual([]);
  });
});

describe('wherry', () => {
  it.each([['--help'], ['migrate', '--help'], ['help', 'demo']])('explains itself: %s %s', async (...words) => {
    const { code, out, err } = await parse(...words.filter((word) => word !== undefined));
    expect({ code, err }).toEqual({ code: exitCodes.completed, err: '' });
    expect(out).toContain('Usage: wherry');
  });

  it('names its version', async () => {
    expect(await parse('--version')).toMatchObject({ code: exitCodes.completed, out: '1.2.3\n' });
  });

  it.each([[[]], [['sail']], [['--json']]])('does nothing for %j', async (words) => {
    const { code, migrate, demo, err } = await parse(...words);
    expect(code).toBe(exitCodes.usage);
    expect(err).not.toBe('');
    expect([...migrate, ...demo]).toEqual([]);
  });
});
