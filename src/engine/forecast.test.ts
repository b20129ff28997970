import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../shared/settings';
import type { Snapshot } from '../shared/snapshot';
import { noWaits } from './bottleneck';
import { Forecast, type Readings } from './forecast';
import type { SenderView, SessionFacts } from './run-facts';
import { newSenderCounters } from './sender-stats';

const readings: Readings = {
  nowMs: 0,
  elapsedMs: 0,
  guestRate: 10e6,
  wireRate: 10e6,
  paceRate: 10e6,
  peakWireRate: 10e6,
  limitedShare: 0.9,
  shares: { link: 0.9, compressor: 0, source: 0, destination: 0 },
  threadBusyShare: 0,
};

const sender: SenderView = {
  counters: { ...newSenderCounters(), rawBytes: 5e6 },
  wireBytes: 5e6,
  inFlightBytes: 0,
  unacknowledgedBytes: 0,
  waits: noWaits,
  workers: () => [],
};

const facts: SessionFacts = {
  state: 'bulk',
  guestRunningOn: 'source',
  setupTimeMs: 40,
  downtimeMs: undefined,
  rounds: 1,
  reconnects: 0,
  plannedShare: 1,
  flow: undefined,
  notice: undefined,
  loopLagP99Ms: 1,
  info: {},
};

interface Moment extends Partial<SessionFacts> {
  readonly atMs: number;
  readonly remaining: number;
  readonly dirtyPages?: number;
}

/** What is said at each moment, one answer of the source each. */
function said(forecast: Forecast, ...moments: readonly Moment[]): readonly Partial<Snapshot>[] {
  return moments.map(({ atMs, remaining, dirtyPages = 0, ...more }) => {
    const { rounds = 1 } = more;
    const ram = { transferred: 1, total: 512e6, remaining, 'dirty-sync-count': rounds, 'dirty-pages-rate': dirtyPages };
    return forecast.ahead({ ...readings, nowMs: atMs, elapsedMs: atMs }, sender, { ...facts, info: { ram }, ...more });
  });
}

/** Rounds that begin with 20 MB again and again, two seconds each. */
const rounds = (count: number): readonly Moment[] =>
  Array.from({ length: count }, (_, index) => [
    { atMs: 10_000 + index * 2000, remaining: 20e6, rounds: index + 2, state: 'iterating' as const, dirtyPages: 2000 },
    { atMs: 11_900 + index * 2000, remaining: 1e6, rounds: index + 2, state: 'iterating' as const, dirtyPages: 2000 },
  ]).flat();

describe('a forecast', () => {
  it('says in the first pass when that will be over, and that no more is known', () => {
    const [first, second] = said(
      new Forecast(defaultSettings),
      { atMs: 0, remaining: 110e6 },
      { atMs: 1000, remaining: 100e6 },
    );
    expect(first?.verdict).toEqual({ kind: 'too early' });
    expect(second).toMatchObject({
      roundLeftMs: 10_000,
      roundLeftBandMs: { low: 9000, high: 11_000 },
      verdict: {
        kind: 'too early',
        words:
          'the first pass takes 9–10 s more, at 10 MB/s of memory (less where that is empty); whether it converges is known after it',
      },
    });
    expect(second).not.toHaveProperty('switchoverInMs');
  });

  it('says at once what a link test lets expect of it', () => {
    const link = {
      ...{ roundTripMs: 4, roundTripMedianMs: 4, throughput: 5e6, maxBandwidth: 0, channels: 1 },
      ...{ clockOffsetMs: 0, clockErrorMs: 2, bytes: 1 },
    };
    const [first] = said(new Forecast(defaultSettings), { atMs: 0, remaining: 100e6, link });
    expect(first?.roundLeftBandMs).toEqual({ low: 18_000, high: 22_000 });
  });

  it('says that the timeout comes before the end of the first pass', () => {
    const settings = { ...defaultSettings, timeoutMs: 5000 };
    const looks = Array.from({ length: 30 }, (_, at) => ({ atMs: at * 100, remaining: 110e6 - at * 1e6 }));
    expect(said(new Forecast(settings), ...looks).at(-1)?.verdict).toMatchObject({ kind: 'too slow' });
    expect(said(new Forecast(defaultSettings), ...looks).at(-1)?.verdict).toMatchObject({ kind: 'too early' });
  });

  it('does not count on more of the limit than the source plans with of late', () => {
    // 1.8 MB would fit a limit of 300 ms, 0.7 MB what the source makes of it.
    const tight = (share: number): Partial<Snapshot> | undefined =>
      said(
        new Forecast(defaultSettings),
        ...rounds(6).map((moment) => ({ ...moment, remaining: moment.remaining / 10, plannedShare: share })),
      ).at(-1);
    expect(tight(1)?.verdict).toEqual({ kind: 'converging' });
    expect(tight(1)?.switchoverInMs).toBeDefined();
    expect(tight(0.4)?.verdict?.kind).toBe('not converging');
    expect(tight(0.4)).not.toHaveProperty('switchoverInMs');
  });

  it('keeps the verdict, and what was shown of the pause, when the run is called off', () => {
    const forecast = new Forecast(defaultSettings);
    const moments = rounds(6);
    const last = said(forecast, ...moments).at(-1);
    expect(last?.verdict?.kind).toBe('not converging');
    const after = { ...(moments.at(-1) as Moment), atMs: 30_000 };
    const [cancelling, cancelled] = said(forecast, { ...after, state: 'cancelling' }, { ...after, state: 'cancelled' });
    expect(cancelling?.expectedDowntimeMs).toEqual(last?.expectedDowntimeMs);
    expect(cancelled?.expectedDowntimeMs).toEqual(last?.expectedDowntimeMs);
    expect(cancelled).not.toHaveProperty('verdict');
    expect(forecast.lastVerdict).toEqual(last?.verdict);
    expect(forecast.shownPause).toEqual(last?.expectedDowntimeMs);
    // A switchover is planned within the limit, whatever was shown.
    const [stopped] = said(forecast, { ...after, state: 'switchover' });
    expect(stopped?.expectedDowntimeMs).toEqual(forecast.lastPause);
    expect(forecast.lastPause?.high).toBeLessThan(last?.expectedDowntimeMs?.high ?? 0);
  });

  it('leaves out a dirty rate that the source does not know yet', () => {
    const [early, known] = said(
      new Forecast(defaultSettings),
      { atMs: 0, remaining: 9e6, rounds: 2, state: 'iterating' },
      { atMs: 100, remaining: 8e6, rounds: 2, state: 'iterating', dirtyPages: 10 },
    );
    expect(early).not.toHaveProperty('dirtyRate');
    expect(known?.dirtyRate).toBe(40_960);
  });
});
