import { bottlenecks, type Bottleneck, type WaitShares } from '../shared/snapshot';
import { RateMeter } from './rate-meter';

/** What the sending of epochs has waited for, ms. Epochs go one after another, so at any moment it is one of these. */
export interface Waits {
  /** For the limiter. */
  readonly limitedMs: number;
  /** For the receiver to take, or the socket. */
  readonly blockedMs: number;
  /** For parts to be compressed, nothing else being in the way. */
  readonly compressMs: number;
  /** For the destination: with a full epoch here, so much of what was sent before was not yet with it. */
  readonly heldMs: number;
  /** For the source: there was nothing to send. */
  readonly sourceMs: number;
}

/** Nothing has been waited for. */
export const noWaits: Waits = { limitedMs: 0, blockedMs: 0, compressMs: 0, heldMs: 0, sourceMs: 0 };

/** Below this share of the time no single thing holds a migration back: the engine itself is at work. */
const leastShare = 0.2;

const waitOf: Readonly<Record<Bottleneck, (waits: Waits) => number>> = {
  link: ({ limitedMs, blockedMs }) => limitedMs + blockedMs,
  compressor: ({ compressMs }) => compressMs,
  source: ({ sourceMs }) => sourceMs,
  destination: ({ heldMs }) => heldMs,
};

/** Shares of `spentMs`, 0 to 1, in which `waits` were waited for. */
export function waitShares(waits: Waits, spentMs: number): WaitShares {
  const share = (name: Bottleneck): number => Math.min(1, Math.max(0, waitOf[name](waits) / Math.max(spentMs, 1)));
  return {
    link: share('link'),
    compressor: share('compressor'),
    source: share('source'),
    destination: share('destination'),
  };
}

/** What was waited for most; absent where nothing stands out. */
export function bottleneckOf(shares: WaitShares): Bottleneck | undefined {
  const most = bottlenecks.reduce((a, b) => (shares[b] > shares[a] ? b : a));
  return shares[most] >= leastShare ? most : undefined;
}

/** Says what holds a migration back over the last `windowMs`; pure, the clock (ms) is passed in. */
export class BottleneckMeter {
  readonly #meters: Readonly<Record<Bottleneck, RateMeter>>;

  constructor(windowMs = 1000) {
    const meter = (): RateMeter => new RateMeter(windowMs);
    this.#meters = { link: meter(), compressor: meter(), source: meter(), destination: meter() };
  }

  /** Notes what has been waited for so far; the counters only grow. */
  mark(waits: Waits, now: number): void {
    for (const name of bottlenecks) this.#meters[name].mark(waitOf[name](waits), now);
  }

  /** Shares of the window's time; absent until it is 100 ms long. */
  get shares(): WaitShares | undefined {
    const { link, compressor, source, destination } = this.#meters;
    if (link.rate === undefined) return undefined;
    const share = ({ rate = 0 }: RateMeter): number => Math.min(1, Math.max(0, rate / 1000));
    return { link: share(link), compressor: share(compressor), source: share(source), destination: share(destination) };
  }
}
