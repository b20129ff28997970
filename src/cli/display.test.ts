import { Writable } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Report, Snapshot } from '../shared/snapshot';
import { displayFor } from './display';
import { exitCodeOf, exitCodes } from './exit-codes';
import { resultKeys } from './json-lines';
import { sampleReport, sampleSnapshot, sparseReport } from './sample-run';

class Page extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

interface Shown {
  readonly out: string;
  readonly err: string;
}

function show(json: boolean, snapshots: readonly Partial<Snapshot>[], report: Report = sampleReport): Shown {
  const [out, err] = [new Page(), new Page()];
  const display = displayFor(json, { out, err });
  for (const changed of snapshots) display.snapshot({ ...sampleSnapshot, ...changed });
  display.finish(report, sampleSnapshot);
  return { out: out.text, err: err.text };
}

function objects(text: string): Record<string, unknown>[] {
  return text.trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
}

describe('with --json', () => {
  it('writes one object a line, twice a second and at every change of state', () => {
    const times = Array.from({ length: 20 }, (_, tenth) => ({ elapsedMs: tenth * 100 }));
    const { out } = show(true, [...times, { state: 'switchover', elapsedMs: 1950 }]);
    const events = objects(out);
    expect(events.map(({ event, elapsedMs }) => (event === 'progress' ? elapsedMs : event))).toEqual([
      0,
      500,
      1000,
      1500,
      1950,
      'result', // prettier-ignore
    ]);
    expect(events[0]).toMatchObject({
      state: 'iterating',
      expectedDowntimeMs: 180,
      expectedDowntimeBandMs: { low: 120, high: 180 },
    });
  });

  it('ends with exactly the result other tools read', () => {
    const error = { code: 'wire-closed', message: 'the link was lost' } as const;
    const verdict = { kind: 'converging' } as const;
    const [result] = objects(show(true, [], { ...sampleReport, timedOut: 'force', error, verdict }).out);
    expect(Object.keys(result ?? {})).toEqual(['event', ...resultKeys]);
    expect(result).toMatchObject({
      event: 'result',
      status: 'completed',
      downtimeMs: 82,
      expectedDowntimeMs: 180,
      error,
    });
  });

  it('says what was judged of a run that did not get there, and what would have helped', () => {
    const advice = { words: 'An XBZRLE cache of 20 MiB', effect: 'it would hold what is rewritten' };
    const verdict = { kind: 'not converging', reason: 'link', words: 'the link gives no more', advice } as const;
    const report: Report = { ...sampleReport, status: 'cancelled', guestRunningOn: 'source', verdict };
    for (const json of [true, false]) {
      expect(show(json, [], report).err).toBe(
        'Migration cancelled. The guest runs on the source.\n' +
          'It was not converging: the link gives no more.\n' +
          'What would have helped most: An XBZRLE cache of 20 MiB. It would hold what is rewritten.\n',
      );
    }
  });

  it('leaves out what is unknown', () => {
    const [result] = objects(show(true, [], sparseReport).out);
    expect(result).not.toHaveProperty('downtimeMs');
    expect(result).not.toHaveProperty('error');
  });

  it('keeps everything else off standard output, each notice once', () => {
    const notice = 'compress-2 died, restarted';
    const { out, err } = show(true, [{ notice }, { notice, elapsedMs: 99_999 }]);
    expect(objects(out).map(({ event }) => event)).toEqual(['progress', 'progress', 'result']);
    expect(err).toBe(`${notice}\nMigration completed. The guest runs on the destination.\n`);
  });
});

describe('on a terminal', () => {
  it.each([
    ['that knows its size', { columns: 60, rows: 30 }],
    ['that does not', { columns: 0, rows: 0 }],
  ])('%s draws the run in place, and leaves the table and the outcome', (_, size) => {
    vi.stubEnv('TERM', 'xterm');
    onTestFinished(() => void vi.unstubAllEnvs());
    const [out, err] = [new Page(), Object.assign(new Page(), { isTTY: true, ...size })];
    const display = displayFor(false, { out, err });
    display.snapshot({ ...sampleSnapshot, state: 'bulk', elapsedMs: 0 });
    display.snapshot(sampleSnapshot);
    display.say('Cancelling');
    display.finish(sampleReport, sampleSnapshot);
    expect(err.text).toContain('state     bulk, dirty sync 4, 0 ms');
    expect(err.text).toContain('downtime  expected 120 ms to 180 ms');
    expect(err.text).toMatch(/Cancelling\P{Cc}*\p{Cc}\[K\nstate/u);
    expect(out.text).toMatch(/^Migration status:[^]*The guest runs on the destination\.\n$/);
  });
});

describe('without a terminal', () => {
  it('logs every change of state and otherwise a line in five seconds, and puts the table on standard output', () => {
    const { out, err } = show(false, [
      { state: 'bulk', elapsedMs: 0 },
      { state: 'bulk', elapsedMs: 4900 },
      { state: 'bulk', elapsedMs: 5000 },
      { state: 'iterating', elapsedMs: 5100 },
    ]);
    expect(err.match(/^\w+/gm)).toEqual(['bulk', 'bulk', 'iterating']);
    expect(out).toMatch(/^Migration status: /);
    expect(out).toMatch(/Migration completed\. The guest runs on the destination\.\n$/);
    expect(out + err).not.toContain('\u001b');
  });

  it('has no table for a run that moved nothing', () => {
    const { out, err } = show(false, [], { ...sampleReport, status: 'failed', rawBytes: 0, guestRunningOn: 'source' });
    expect(out).toBe('');
    expect(err).toBe('Migration failed. The guest runs on the source.\n');
  });
});

describe('exitCodeOf', () => {
  it.each([
    ['completed', undefined, exitCodes.completed],
    ['failed', 'wire-closed', exitCodes.failed],
    ['failed', 'usage', exitCodes.usage],
    ['uncertain', undefined, exitCodes.uncertain],
    ['cancelled', 'cancelled', exitCodes.cancelled],
  ] as const)('of %s with error %s is %d', (status, code, expected) => {
    const error = code === undefined ? {} : { error: { code, message: '' } };
    expect(exitCodeOf({ ...sampleReport, status, ...error })).toBe(expected);
  });
});
