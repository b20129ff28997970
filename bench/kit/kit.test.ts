import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cellsOf, matrixChart, matrixFigures, matrixTables, type MatrixRun } from './cells';
import { svgOf, ticks } from './chart';
import { ResultLines } from './lines';
import { loadPrograms } from './loads';
import { limitWords } from './moves';
import { readResult, writeResult } from './result';
import { geometricMean, median, percentile, shareOf } from './statistics';
import { digits, tableText } from './table';
import { parseDuration, parseRate } from '../../src/shared/units';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wherry-bench-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it.each([0, 12_500_000, 125_000_001])("limits of %d bytes a second are the command's own words", (bandwidth) => {
  const [, rate = '', , time = ''] = limitWords({ bandwidth, downtimeLimitMs: 300, timeoutMs: 1 });
  expect([parseRate(rate), parseDuration(time)]).toEqual([bandwidth, 300]);
});

describe('statistics', () => {
  it('are nothing for nothing', () => {
    const none = [geometricMean([]), median([]), percentile([], 0.5), shareOf([], () => true)];
    expect(none).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('are what their names say', () => {
    expect(geometricMean([0.25, 4, 8])).toBeCloseTo(2, 12);
    expect(median([9, 1, 5])).toBe(5);
    expect(median([1, 2, 4, 100])).toBe(3);
    expect(percentile([4, 1, 3, 2], 0.5)).toBe(2);
    expect(percentile([4, 1, 3, 2], 0.99)).toBe(4);
    expect(shareOf([1, 2, 3, 4], (n) => n > 1)).toBe(0.75);
  });
});

describe('a table', () => {
  it('has three digits in its numbers and a dash for what there is not', () => {
    expect([0.1234, 12.345, 1234.5, undefined, NaN].map(digits)).toEqual(['0.12', '12.3', '1235', '–', '–']);
    expect(tableText({ title: 'Speed', head: ['', 'MB/s'], rows: [['one', '1.50'], ['two', '250']] })).toBe(
      ['Speed', '┌─────┬──────┐', '│     │ MB/s │', '├─────┼──────┤', '│ one │ 1.50 │', '│ two │  250 │', '└─────┴──────┘'].join('\n'),
    ); // prettier-ignore
  });
});

describe('a chart', () => {
  it('has a bar for every value, as long as it is large, and none for what there is not', () => {
    const bars = [
      { name: 'a & b', value: 2 },
      { name: 'c', value: 1 },
      { name: 'd', value: undefined, note: 'did not complete' },
    ];
    const svg = svgOf([{ kind: 'bars', title: 'T', unit: 's', groups: [{ label: '<g>', bars }] }]);
    expect([...svg.matchAll(/<rect x="230" y="\d+" width="(\d+)"/g)].map(([, width]) => width)).toEqual(['520', '260']);
    expect(svg).toContain('>a &amp; b</text>');
    expect(svg).toContain('>&lt;g&gt;</text>');
    expect(svg).toContain('>did not complete</text>');
  });

  it('is marked at round numbers', () => {
    expect([0.3, 1, 1.05, 8.67, 99, 529].map(ticks)).toEqual([
      [0, 0.1, 0.2, 0.3],
      [0, 0.5, 1],
      [0, 0.5, 1],
      [0, 2, 4, 6, 8],
      [0, 20, 40, 60, 80],
      [0, 200, 400],
    ]);
  });

  it('has a line through all its points, and is whole with none', () => {
    const points = [[0, 0], [5, 10], [10, 5]] as const; // prettier-ignore
    const svg = svgOf([{ kind: 'lines', title: 'T', unit: 's', xLabel: 'x', lines: [{ name: 'l', points }] }]);
    expect(svg).toContain('points="64,304 450,44 836,174"');
    for (const empty of [
      svgOf([{ kind: 'lines', title: 'T', unit: 's', xLabel: 'x', lines: [] }]),
      svgOf([{ kind: 'bars', title: 'T', unit: 's', groups: [] }]),
    ]) {
      expect(empty).toMatch(/^<svg [^]*<\/svg>\n$/);
      expect(empty).not.toMatch(/NaN|Infinity/);
    }
  });
});

describe('result lines', () => {
  const line = (key: string, value: number) => ({ key, value });

  it('are on the disk as they come, and the last of a key counts', () => {
    const file = join(folder, 'deep', 'runs.jsonl');
    const lines = new ResultLines<ReturnType<typeof line>>(file);
    lines.add(line('a', 1));
    expect(readFileSync(file, 'utf8')).toBe('{"key":"a","value":1}\n');
    lines.add(line('b', 2));
    lines.add(line('a', 3));
    expect(lines.all).toEqual([line('a', 3), line('b', 2)]);
  });

  it('are gone on with after an end in the middle of a line', () => {
    const file = join(folder, 'runs.jsonl');
    new ResultLines(file).add(line('a', 1));
    appendFileSync(file, '{"key":"b","va');
    const resumed = new ResultLines<ReturnType<typeof line>>(file, { resume: true });
    expect([resumed.has('a'), resumed.has('b')]).toEqual([true, false]);
    resumed.add(line('b', 2));
    const again = new ResultLines<ReturnType<typeof line>>(file, { resume: true });
    expect(again.all).toEqual([line('a', 1), line('b', 2)]);
  });

  it('are put aside by a new beginning, and merged with others, which stay as they are', () => {
    const [file, other] = [join(folder, 'runs.jsonl'), join(folder, 'other.jsonl')];
    new ResultLines(file).add(line('a', 1));
    new ResultLines(other).add(line('b', 2));
    const merged = new ResultLines<ReturnType<typeof line>>(file, { resume: true, merge: [other] });
    expect(new Set(merged.all)).toEqual(new Set([line('a', 1), line('b', 2)]));
    const fresh = new ResultLines(file);
    expect(fresh.all).toEqual([]);
    expect(readFileSync(`${file}.old`, 'utf8')).toBe('{"key":"a","value":1}\n');
    expect(readFileSync(other, 'utf8')).toBe('{"key":"b","value":2}\n');
  });
});

describe('a result', () => {
  it('says where it is from, and is read again without what could not be found', () => {
    const findings = { parameters: { runs: 2 }, figures: { found: 1.5, lost: NaN }, rows: [{ a: 1 }], tables: [] };
    const chart = { kind: 'bars', title: 'T', unit: 's', groups: [] } as const;
    const files = writeResult(folder, 'relay', 'npm run bench -- relay', { ...findings, charts: [chart] });
    expect(files.every((file) => existsSync(file))).toBe(true);
    expect(readResult(folder, 'relay')).toMatchObject({
      bench: 'relay',
      command: 'npm run bench -- relay',
      parameters: { runs: 2 },
      figures: { found: 1.5 },
      machine: { cores: expect.any(Number) as number, kernel: expect.any(String) as string, node: process.version },
    });
    expect(readResult(folder, 'other')).toBeUndefined();
  });
});

describe('the matrix', () => {
  const run = (
    guest: string,
    mode: MatrixRun['mode'],
    totalMs: number | undefined,
    more: Partial<MatrixRun> = {},
  ): MatrixRun => ({
    key: `${guest}|${mode}|${more.run ?? 1}`,
    ...{ guest, link: '100Mbit', memoryMiB: 512, mode, run: 1, version: 'v', date: '', load: 0 },
    ...{ downtimeLimitMs: 300, timeoutMs: 120_000, status: totalMs === undefined ? 'timed out' : 'completed' },
    ...(totalMs !== undefined && { totalMs }),
    ...more,
  });
  const runs = [
    run('idle', 'wherry', 4000, { downtimeMs: 40, expectedDowntimeMs: { low: 20, high: 60 } }),
    run('idle', 'none', 16_000, { downtimeMs: 10 }),
    run('idle', 'xbzrle', 8000),
    run('seed', 'wherry', 9000, { downtimeMs: 301, expectedDowntimeMs: { low: 20, high: 60 } }),
    run('seed', 'none', 4500),
    run('erp', 'wherry', 5000),
    run('erp', 'none', undefined),
    run('random', 'wherry', undefined),
    run('random', 'none', undefined),
  ];

  it('compares with the best mode of a cell and says where nobody, or only one, completed', () => {
    expect(cellsOf(runs).map(({ guest, best, ratio }) => [guest, best?.mode, ratio])).toEqual([
      ['idle', 'xbzrle', 0.5],
      ['seed', 'none', 2],
      ['erp', undefined, undefined],
      ['random', undefined, undefined],
    ]);
    expect(matrixFigures(runs)).toMatchObject({
      'geometricMean.100Mbit': 1,
      'worstRatio.100Mbit': 2,
      'cells.100Mbit': 4,
      'onlyWherry.100Mbit': 1,
      'onlyNative.100Mbit': 0,
      'nobody.100Mbit': 1,
      wherryRuns: 3,
      downtimeWithinLimit: 0.5,
      downtimeInBand: 0.5,
      'idleDowntimeMs.wherry': 40,
      'idleDowntimeMs.none': 10,
    });
  });

  it('takes the median of a mode, which must complete more often than not', () => {
    const repeated = [
      ...[1000, 2000, 9000].map((ms, i) => run('idle', 'wherry', ms, { run: i })),
      ...[4000, undefined, undefined].map((ms, i) => run('idle', 'none', ms, { run: i })),
    ];
    expect(cellsOf(repeated)[0]).toMatchObject({ wherryMs: 2000, best: undefined });
  });

  it('is shown whole', () => {
    const [total] = matrixTables(runs, ['wherry', 'none']);
    expect(total?.rows[2]).toEqual(['erp, 512 MiB, 100Mbit', '5.0', 'timed out']);
    expect(svgOf([matrixChart(runs, ['wherry', 'none'])])).toContain('did not complete');
    expect(matrixFigures([])).toEqual({ wherryRuns: 0 });
  });
});

describe('the loads', () => {
  it('are 32-bit Linux programs of one segment that ends where the file does', () => {
    for (const program of Object.values(loadPrograms())) {
      expect(program.subarray(0, 5)).toEqual(Buffer.from('\x7fELF\x01', 'latin1'));
      expect(program.readUInt32LE(52 + 16)).toBe(program.length);
    }
  });
});
