import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../shared/settings';
import type { Snapshot } from '../../shared/snapshot';
import { clockText, eventsBetween, logged, mostEntries } from './event-log';
import type { LogEntry } from './event-log';

const bulk = { state: 'bulk', settings: defaultSettings } as Snapshot;
const line = (text: string, important = false) => ({ text, important });

describe('eventsBetween', () => {
  it('has the state a run begins in, and each one after', () => {
    expect(eventsBetween(undefined, bulk)).toEqual([line('bulk')]);
    expect(eventsBetween(bulk, bulk)).toEqual([]);
    expect(eventsBetween(bulk, { ...bulk, state: 'iterating' })).toEqual([line('iterating')]);
  });

  it('has what the operator changed, as it was and as it is', () => {
    const settings = { ...defaultSettings, maxBandwidth: 12.5e6, method: 'zlib' } as const;
    expect(eventsBetween(bulk, { ...bulk, settings })).toEqual([
      line('Compression method: zstd → zlib'),
      line('Bandwidth limit: 0 → 100Mbit'),
    ]);
  });

  it('has pauses and a forced switchover', () => {
    const paused = { ...bulk, flow: 'paused' } as const;
    expect(eventsBetween(bulk, paused)).toEqual([line('sending is paused')]);
    expect(eventsBetween(paused, bulk)).toEqual([line('sending again')]);
    expect(eventsBetween(bulk, { ...bulk, flow: 'forced' })).toEqual([line('the switchover is forced')]);
  });

  it('speaks notices and turns of the verdict, once each', () => {
    const judged = { ...bulk, verdict: { kind: 'converging' } } as const;
    expect(eventsBetween({ ...bulk, verdict: { kind: 'too early' } }, judged)).toEqual([line('converging', true)]);
    expect(eventsBetween(judged, judged)).toEqual([]);
    expect(eventsBetween(judged, bulk)).toEqual([]);
    const notice = { ...bulk, notice: 'compress-3 died' };
    expect(eventsBetween(bulk, notice)).toEqual([line('compress-3 died', true)]);
    expect(eventsBetween(notice, notice)).toEqual([]);
  });
});

describe('logged', () => {
  it('numbers its entries and keeps the newest of very many', () => {
    let log: readonly LogEntry[] = [];
    for (let i = 0; i < mostEntries + 50; i += 1) log = logged(log, i, [line(`event ${i}`)]);
    expect(log).toHaveLength(mostEntries);
    expect(log[0]).toEqual({ number: 51, elapsedMs: 50, text: 'event 50', important: false });
    expect(log.at(-1)?.number).toBe(mostEntries + 50);
    expect(logged(log, 0, [])).toBe(log);
  });
});

it.each([
  [0, '0:00.0'],
  [4_890, '0:04.8'],
  [59_999, '0:59.9'],
  [60_000, '1:00.0'],
  [3_725_400, '62:05.4'],
])('%d ms after the start reads %s', (elapsedMs, text) => {
  expect(clockText(elapsedMs)).toBe(text);
});
