import type { Failure } from './failure';
import type { LinkFigures } from './link';
import type { MigrationSettings, TimeoutAction } from './settings';
import type { RunVerdict } from './verdict';
import type { EndState, GuestPlace, SessionState } from './state';
import type { Way } from './way';

/** A low to high band of milliseconds; an estimate is never one number. */
export interface BandMs {
  readonly low: number;
  readonly high: number;
}

/** Pages by what went over the wire for them; names as QEMU's `query-migrate` uses them. */
export interface PageCounts {
  /** Zero pages. */
  readonly duplicate: number;
  /** Full pages, overflow included. */
  readonly normal: number;
  /** Pages sent as an XBZRLE delta. */
  readonly xbzrle: number;
  /** Pages equal to the cached copy: a reference, no bytes. */
  readonly unchanged: number;
  /** Pages equal to one that the far end has under another address: a reference, no bytes. */
  readonly repeated: number;
  /** Cached pages whose delta did not fit. */
  readonly overflow: number;
}

/** What a cache was asked for and what it had. */
export interface CacheFigures {
  readonly lookups: number;
  readonly hits: number;
  readonly misses: number;
  /** Pages given up for others, or because the cache shrank. */
  readonly evictions: number;
  /** Cached pages whose delta did not fit. */
  readonly overflow: number;
}

/** The XBZRLE cache over all shards; size in bytes, the rest in pages. */
export interface CacheCounts extends CacheFigures {
  /** Bytes over all shards; 0 when XBZRLE is off. */
  readonly size: number;
  /** The same of each compress thread's share, in the order of the threads; those retired since are still there. */
  readonly shards: readonly CacheFigures[];
}

/** What was carried in one way. */
export interface WayCounts extends Way {
  readonly rawBytes: number;
  readonly compressedBytes: number;
}

/** What compression has made of parts, and the way in force; what `auto` has chosen, where that is set. */
export interface CompressionCounts extends Way {
  /** Why `auto` has chosen it, in words. */
  readonly reason?: string;
  /** By the way it was done, the largest first; a part that no method made smaller counts as `none`. */
  readonly ways?: readonly WayCounts[];
  /** Bytes into the method (deltas, full pages and their tables). */
  readonly rawBytes: number;
  /** Bytes out of it. */
  readonly compressedBytes: number;
  /** Pages sent uncompressed because their thread was busy; absent where such are waited for. */
  readonly busy?: number;
}

/** Wire bytes by what they carry; their sum is `wireBytes`. */
export interface WireClasses {
  /** What says which pages are zero. */
  readonly zero: number;
  /** References: unchanged pages, and pages equal to another. */
  readonly unchanged: number;
  /** Page data sent as deltas, after compression. */
  readonly xbzrle: number;
  /** Full pages, after compression. */
  readonly normal: number;
  /** Full pages sent as they are. */
  readonly plain: number;
  /** Device state, order of the stream, framing, control. */
  readonly other: number;
}

/** What a worker has done; shares are of the time since the last snapshot, 0 to 1. */
export interface WorkerStatus {
  readonly name: string;
  readonly busyShare: number;
  readonly restarts: number;
  /** It has had work for long without an answer: stopped, or swapped out. */
  readonly stalled?: boolean;
}

/** What can hold a migration back; `source` is good news: everything it gives goes through. */
export const bottlenecks = ['link', 'compressor', 'source', 'destination'] as const;
export type Bottleneck = (typeof bottlenecks)[number];

/** Shares of the time, 0 to 1, in which the sending waited for each of them; what is left is work of its own. */
export type WaitShares = Readonly<Record<Bottleneck, number>>;

/** How busy a whole run kept what it ran on; shares are of the time in which it could send, 0 to 1. */
export interface RunLoad {
  /** Of one compress worker, on average. */
  readonly workerBusyShare: number;
  readonly limiterBusyShare: number;
  readonly waitShares: WaitShares;
  /** How late the main loop ran what was due, 99 of 100 times at most, ms. */
  readonly loopLagP99Ms?: number;
}

/** A link that was lost and is being restored; the state stays what it was. */
export interface Reconnecting {
  /** Until it is given up, ms. */
  readonly leftMs: number;
}

/** What an operator has done to the flow: nothing is sent until told, or the guest is stopped as soon as can be. */
export type FlowControl = 'paused' | 'forced';

/**
 * The engine's state as seen from outside, taken a few times a second. Unknown is absent, not 0. Units in names, or:
 * bytes, bytes per second.
 */
export interface Snapshot {
  readonly state: SessionState;
  /** Milliseconds since the start, as `total-time`. */
  readonly elapsedMs: number;
  readonly setupTimeMs?: number;
  /** Dirty syncs so far (`dirty-sync-count`). */
  readonly rounds: number;
  /** Guest RAM, all blocks. */
  readonly totalBytes?: number;
  /** Dirty bytes still to be sent, as the source last said. */
  readonly remainingBytes?: number;
  /** Migration-stream bytes taken from the source. */
  readonly rawBytes: number;
  /** Bytes written to the wire, framing included. */
  readonly wireBytes: number;
  /** The same for each channel; absent where there is only one. */
  readonly channelBytes?: readonly number[];
  /** Stream bytes a second over the last second. */
  readonly guestRate?: number;
  /** Wire bytes a second over the last second. */
  readonly wireRate?: number;
  /** Bytes the guest dirties a second (`dirty-pages-rate` in bytes). */
  readonly dirtyRate?: number;
  readonly pages: PageCounts;
  readonly cache: CacheCounts;
  readonly compression: CompressionCounts;
  readonly wireClasses: WireClasses;
  /** Bytes read from the source and not yet confirmed by the receiver. */
  readonly inFlightBytes: number;
  /** Share of the last second the limiter held bytes back, 0 to 1. */
  readonly limiterBusyShare: number;
  readonly workers: readonly WorkerStatus[];
  /** What the sending waited for over the last second. */
  readonly waitShares?: WaitShares;
  /** What holds it back most; absent where nothing stands out. */
  readonly bottleneck?: Bottleneck;
  /** How late the main loop has run what was due so far, 99 of 100 times at most, ms. */
  readonly loopLagP99Ms?: number;
  readonly expectedDowntimeMs?: BandMs;
  /** Until the pages of this round are sent, at the pace of late. */
  readonly roundLeftMs?: number;
  /** The same between the pace of late and that of the whole round; in the first one it is all that can be known. */
  readonly roundLeftBandMs?: BandMs;
  /** Until the source stops the guest, and until the guest runs at the destination; absent as long as nobody can say. */
  readonly switchoverInMs?: BandMs;
  readonly completeInMs?: BandMs;
  /** Will it finish? Absent where nobody asks the source, and while no pages are sent. */
  readonly verdict?: RunVerdict;
  /** RESUME at the destination minus STOP at the source, from QMP event times; by one host's clock, the other's corrected. */
  readonly downtimeMs?: number;
  /** How wrong that can be, either way, ms: two hosts have two clocks. */
  readonly downtimeErrorMs?: number;
  /** What the link test has found out; absent in one host, and where none was wanted or none succeeded. */
  readonly link?: LinkFigures;
  readonly guestRunningOn: GuestPlace;
  /** In force now; some may have been changed since the start. */
  readonly settings: MigrationSettings;
  readonly flow?: FlowControl;
  /** How often the link was lost and came back. */
  readonly reconnects: number;
  readonly reconnecting?: Reconnecting;
  /** The latest thing worth a log line, e.g. `compress-3 died, restarted`. */
  readonly notice?: string;
}

/** A finished run. The first fields are the command's `result` object, name by name. */
export interface Report {
  readonly status: EndState;
  readonly totalTimeMs: number;
  readonly downtimeMs?: number;
  /** How wrong that can be, either way, ms; absent where both events are by one clock. */
  readonly downtimeErrorMs?: number;
  /** The limit that was in force at the end. */
  readonly downtimeLimitMs?: number;
  /** The band's high end as last predicted before the switchover. */
  readonly expectedDowntimeMs?: number;
  readonly expectedDowntimeBandMs?: BandMs;
  readonly setupTimeMs?: number;
  readonly rounds: number;
  readonly wireBytes: number;
  readonly rawBytes: number;
  readonly totalBytes?: number;
  /** Wire bits a second over the whole run, in 10^6. */
  readonly throughputMbps: number;
  readonly pages: PageCounts;
  readonly cache: CacheCounts;
  readonly compression: CompressionCounts;
  /** Absent for a run that never got to send. */
  readonly load?: RunLoad;
  /** What the link test before it has found out; absent where there was none. */
  readonly link?: LinkFigures;
  /** How often the link was lost and came back. */
  readonly reconnects: number;
  readonly guestRunningOn: GuestPlace;
  /** What was last judged while pages were sent; absent where nothing was, and for a run that came to its end by itself. */
  readonly verdict?: RunVerdict;
  /** What the timeout did; absent where it did nothing. */
  readonly timedOut?: TimeoutAction;
  readonly error?: Failure;
}
