import type { LinkFigures } from '../shared/link';
import type { FlowControl, Reconnecting } from '../shared/snapshot';
import type { GuestPlace, SessionState } from '../shared/state';
import type { Waits } from './bottleneck';
import type { ThreadStatus } from './dispatch/compress-pool';
import type { RewriteFigures } from './dispatch/rewrite-sampler';
import type { ChosenWay } from './method-choice';
import type { MigrateInfo } from './qmp/migrate';
import type { RatioSample } from './ratio-sampler';
import type { SenderCounters } from './sender-stats';

/** The parts of a sender that statistics read. */
export interface SenderView {
  readonly counters: Readonly<SenderCounters>;
  readonly wireBytes: number;
  /** For each channel, where there are channels. */
  readonly channelBytes?: readonly number[];
  readonly inFlightBytes: number;
  readonly unacknowledgedBytes: number;
  readonly waits: Waits;
  /** What zstd would make of pages that are sent as they are. */
  readonly sample?: RatioSample | undefined;
  /** What deltas would make of pages that are written again. */
  readonly rewrites?: RewriteFigures | undefined;
  /** The largest cache there can be; absent where nobody else has a say in it. */
  readonly mostCacheBytes?: number;
  /** How often the link was lost and came back, and what is done about one that is lost now; absent where it cannot. */
  readonly reconnects?: number;
  readonly reconnecting?: Reconnecting | undefined;
  /** How it compresses now; absent where nothing is compressed. */
  readonly way?: ChosenWay;
  workers(): readonly ThreadStatus[];
}

/** What the session knows and the sender does not. */
export interface SessionFacts {
  readonly state: SessionState;
  readonly guestRunningOn: GuestPlace;
  readonly setupTimeMs: number | undefined;
  readonly downtimeMs: number | undefined;
  /** How wrong that can be, where two hosts' clocks are in it. */
  readonly downtimeErrorMs?: number | undefined;
  /** What was found out about the link before. */
  readonly link?: LinkFigures | undefined;
  /** The shortest round trip to the destination's host. */
  readonly roundTripMs?: number | undefined;
  /** How often the link was lost and came back, and what is done about one lost before the sender had one. */
  readonly reconnects: number;
  readonly reconnecting?: Reconnecting | undefined;
  readonly rounds: number;
  /** The share of its limit that the source plans its switchover with. */
  readonly plannedShare: number;
  readonly flow: FlowControl | undefined;
  readonly notice: string | undefined;
  readonly loopLagP99Ms: number | undefined;
  /** The source's latest answer to `query-migrate`. */
  readonly info: MigrateInfo;
}

/** Pages are being sent while the guest runs. */
export function isSending({ state }: SessionFacts): boolean {
  return state === 'bulk' || state === 'iterating';
}

/** `{ [name]: value }`, or nothing for an unknown value: unknown is absent, not 0 and not `undefined`. */
export function defined<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in Name]: Value });
}
