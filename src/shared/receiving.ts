import type { Failure } from './failure';

/** How far a sender has come with a receiver of ours; `arrived` and `failed` are ends. */
export type VisitPhase = 'connected' | 'receiving' | 'delivered' | 'arrived' | 'failed';

/** One incoming migration. Unknown is absent; times are since the epoch, ms. */
export interface VisitView {
  /** Counts a receiver's visits, from 1. */
  readonly number: number;
  /** `migrate`: a Wherry drives it through us. `relay`: another tool does. */
  readonly kind: 'migrate' | 'relay';
  /** IP address of the sender. */
  readonly from?: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly phase: VisitPhase;
  /** Bytes of the guest's stream given to the destination. */
  readonly deliveredBytes: number;
  /** Those a second, of late. */
  readonly rate?: number;
  readonly error?: Failure;
}

/** This machine as a destination, now or until it was stopped. */
export interface ReceiverView {
  /** As it was asked for. */
  readonly listen: string;
  /** QMP address of the waiting QEMU. */
  readonly destination: string;
  /** What a sender has to be given, a secret; absent once it listens no more. */
  readonly pairing?: string;
  /** Newest first, a bounded number. */
  readonly visits: readonly VisitView[];
  /** What the receiver had to say, newest first, a bounded number. */
  readonly notices: readonly ReceiverNotice[];
}

/** Something a receiver has said, and when. */
export interface ReceiverNotice {
  readonly at: number;
  readonly text: string;
}

/** What a receiver is asked to be. */
export interface ReceiveOrder {
  /** `host:port`, `:port` or `port`; 0 picks a free one. */
  readonly listen: string;
  readonly destination: string;
}

/** Whether the guest of a visit may still be lost to the destination if the receiver stops. */
export function underWay({ phase }: VisitView): boolean {
  return phase !== 'arrived' && phase !== 'failed';
}
