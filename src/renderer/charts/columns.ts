import type { Snapshot, WireClasses } from '../../shared/snapshot';
import type { Kept, Row } from './series';

/** What the live pictures draw against time: bytes, bytes a second, milliseconds, or as the name says. */
export const columns = {
  guestRate: 'extremes',
  wireRate: 'extremes',
  limit: 'extremes',
  remaining: 'extremes',
  dirtyRate: 'extremes',
  // Wire bytes a second by class: they add up to the wire's rate, and do so when they are made coarser.
  zero: 'mean',
  unchanged: 'mean',
  xbzrle: 'mean',
  compressed: 'mean',
  plain: 'mean',
  other: 'mean',
  /** In force; 0 is off. */
  cacheBytes: 'extremes',
  // Of the lookups of the last second.
  hitShare: 'extremes',
  lookupRate: 'extremes',
  overflowRate: 'extremes',
  downtimeLow: 'extremes',
  downtimeHigh: 'extremes',
  downtimeLimit: 'extremes',
} as const satisfies Readonly<Record<string, Kept>>;
export type Column = keyof typeof columns;

/** Rates are over about a second, as the engine's own. */
const windowMs = 1000;
/** Less apart, two counts say nothing of a rate. */
const leastMs = 200;

/** What rates are made of. */
interface Counts {
  readonly elapsedMs: number;
  readonly lookups: number;
  readonly hits: number;
  readonly overflow: number;
  readonly wire: WireClasses;
}

/** Makes a chart's row of each snapshot, knowing those of the second before. */
export class Sampler {
  #before: readonly Counts[] = [];

  row(snapshot: Snapshot): Row<Column> {
    const { settings, cache, expectedDowntimeMs: band } = snapshot;
    return {
      guestRate: snapshot.guestRate,
      wireRate: snapshot.wireRate,
      limit: settings.maxBandwidth === 0 ? undefined : settings.maxBandwidth,
      remaining: snapshot.remainingBytes,
      dirtyRate: snapshot.dirtyRate,
      cacheBytes: cache.size,
      downtimeLow: band?.low,
      downtimeHigh: band?.high,
      downtimeLimit: settings.downtimeLimitMs,
      ...this.#rates(snapshot),
    };
  }

  #rates({ elapsedMs, cache, wireClasses: wire }: Snapshot): Row<Column> {
    const now: Counts = { elapsedMs, lookups: cache.lookups, hits: cache.hits, overflow: cache.overflow, wire };
    const recent = this.#before.filter((counts) => counts.elapsedMs >= elapsedMs - windowMs);
    const before = this.#before[this.#before.length - recent.length - 1] ?? recent[0];
    this.#before = [...(before === undefined || before === recent[0] ? [] : [before]), ...recent, now];
    if (before === undefined || elapsedMs - before.elapsedMs < leastMs) return {};
    const perSecond = (count: number, earlier: number): number =>
      Math.max(0, ((count - earlier) * 1000) / (elapsedMs - before.elapsedMs));
    const lookups = now.lookups - before.lookups;
    return {
      zero: perSecond(wire.zero, before.wire.zero),
      unchanged: perSecond(wire.unchanged, before.wire.unchanged),
      xbzrle: perSecond(wire.xbzrle, before.wire.xbzrle),
      compressed: perSecond(wire.normal, before.wire.normal),
      plain: perSecond(wire.plain, before.wire.plain),
      other: perSecond(wire.other, before.wire.other),
      ...(cache.size > 0 && {
        hitShare: lookups > 0 ? (now.hits - before.hits) / lookups : undefined,
        lookupRate: perSecond(now.lookups, before.lookups),
        overflowRate: perSecond(now.overflow, before.overflow),
      }),
    };
  }
}
