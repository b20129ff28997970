import { describe, expect, it } from 'vitest';
import { runsCsv, seriesCsv } from './csv';
import { testReport, testRun } from './testing';

function parse(text: string): readonly (readonly string[])[] {
  const lines = text.split('\r\n');
  expect(lines.pop()).toBe('');
  return lines.map((line) => line.split(','));
}

describe('runsCsv', () => {
  it('has a line a run under names with units', () => {
    const [head = [], ...rows] = parse(runsCsv([testRun(2), testRun(1)]));
    expect(rows).toHaveLength(2);
    const first = Object.fromEntries(head.map((name, index) => [name, rows[0]?.[index]]));
    expect(first).toMatchObject({
      id: testRun(2).id,
      guest: 'guest 2',
      method: 'zstd',
      xbzrleCacheBytes: String(64 * 2 ** 20),
      paused: 'false',
      status: 'completed',
      totalTimeMs: '15002.5',
      downtimeMs: '82',
      expectedDowntimeLowMs: '60',
      downtimeAsPredicted: 'true',
      setupTimeMs: '',
      wireRatio: '2.5',
      error: '',
    });
    expect(rows.every((row) => row.length === head.length)).toBe(true);
  });

  it('quotes text, and defuses what a spreadsheet would run', () => {
    const error = { code: 'internal', message: '=cmd("x")\n,' } as const;
    const text = runsCsv([testRun(1, { guest: '@SUM(A1)', source: 'a,b', report: { ...testReport, error } })]);
    expect(text).toContain(`,'@SUM(A1),"a,b",`);
    expect(text).toContain(`"'=cmd(""x"")\n,"\r\n`);
  });
});

describe('seriesCsv', () => {
  it('has a line a point, empty where unknown', () => {
    const { id } = testRun(1);
    expect(seriesCsv([testRun(1)])).toBe(
      'id,elapsedMs,rounds,guestRate,wireRate,remainingBytes,dirtyRate,expectedDowntimeLowMs,expectedDowntimeHighMs\r\n' +
        `${id},0,1,,,8192,,,\r\n${id},100,2,5000,2000,4096,,60,110\r\n`,
    );
  });
});
