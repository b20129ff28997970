import { WherryError, asWherryError } from '../shared/failure';
import { pageBytes, type MigrationSettings } from '../shared/settings';
import { layoutFor, type ChangedCache, type CompressPool, type Layout } from './dispatch/compress-pool';
import type { EpochBuilder } from './dispatch/epoch-builder';
import type { Intake } from './intake';
import { countEvictions, type SenderCounters } from './sender-stats';
import { layoutBody } from './wire/layout';

/** What changes with a sender's layout, and how it is carried. */
export interface LayoutsOptions {
  readonly pool: CompressPool;
  readonly builder: EpochBuilder;
  readonly intake: Intake;
  readonly counters: SenderCounters;
  /** Does it once what was cut before is on its way, and before anything that is cut later. */
  readonly inTurn: (step: () => Promise<void>) => void;
  readonly send: (body: ReturnType<typeof layoutBody>) => Promise<void>;
  readonly onFailure: (error: WherryError) => void;
}

/** How the guest's pages are shared out over threads and their caches: other ways come into force between two epochs. */
export class Layouts {
  #mostCacheBytes = 0;
  /** The receiver has the one it was told of. */
  #inForce: (() => void) | undefined;

  constructor(private readonly options: LayoutsOptions) {}

  /** The largest cache that the receiver takes, bytes. */
  get mostCacheBytes(): number {
    return this.#mostCacheBytes;
  }

  /** The receiver allows so much; whether that is enough for the layout there is. */
  allow(mostCacheBytes: number): boolean {
    this.#mostCacheBytes = mostCacheBytes;
    return bytesOf(this.options.pool.layout) <= mostCacheBytes;
  }

  /** The settings with a cache that the receiver allows. */
  allowed(settings: MigrationSettings): MigrationSettings {
    return { ...settings, xbzrleCacheBytes: Math.min(settings.xbzrleCacheBytes, this.#mostCacheBytes) };
  }

  /**
   * The layout for these settings, where it is another one than there is. Throws `usage` for one that is not possible:
   * a shard has at least one page, so that many threads may come to more than a small limit.
   */
  other({ xbzrleCacheBytes, compressThreads }: MigrationSettings): Layout | undefined {
    const layout = layoutFor(xbzrleCacheBytes, compressThreads);
    if (isSame(layout, this.options.pool.layout)) return undefined;
    if (bytesOf(layout) <= this.#mostCacheBytes) return layout;
    const most = `at most ${this.#mostCacheBytes} bytes of cache are allowed over there`;
    throw new WherryError('usage', `${layout.shards} compress threads hold at least a page each, ${most}`);
  }

  /** Between two epochs: what is cut by now goes in the old layout, what comes in the new one. */
  use(layout: Layout): void {
    const { pool, builder, intake, counters, inTurn, onFailure } = this.options;
    const last = intake.cut();
    const changed = pool.use(layout);
    changed.then(
      (caches) => caches.forEach(({ shard, evictions }) => countEvictions(counters, shard, evictions)),
      (error: unknown) => onFailure(asWherryError(error)),
    );
    builder.layOut(layout.shards, pool.partPages);
    inTurn(() => this.#announce(layout, last, changed));
  }

  /** The receiver says that it has the layout it was told of. */
  laidOut(): void {
    this.#inForce?.();
  }

  /**
   * Tells the receiver of another layout, and waits until it is in force there. Nothing is under way meanwhile, so that
   * no part can meet the wrong layout, whatever way it takes.
   */
  async #announce(layout: Layout, lastBefore: number, changed: Promise<readonly ChangedCache[]>): Promise<void> {
    const moved = (await changed).flatMap(({ shard, kept }) => (kept === undefined ? [] : [[shard, kept] as const]));
    await this.options.intake.acknowledged(lastBefore);
    const inForce = new Promise<void>((resolve) => (this.#inForce = resolve));
    await this.options.send(layoutBody({ ...layout, kept: new Map(moved) }));
    await inForce;
  }
}

function bytesOf({ shards, cachePagesPerShard }: Layout): number {
  return shards * cachePagesPerShard * pageBytes;
}

function isSame(a: Layout, b: Layout): boolean {
  return a.shards === b.shards && a.cachePagesPerShard === b.cachePagesPerShard;
}
