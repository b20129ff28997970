import type { RunView } from '../shared/contract';
import type { Snapshot } from '../shared/snapshot';
import { formatDuration } from '../shared/units';
import { etaText, placeText, sentence } from '../shared/words';

/** What the taskbar shows of a migration: a share from 0 to 1, something without one, or nothing. */
export type Progress =
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'share'; readonly share: number; readonly mode: 'normal' | 'paused' | 'error' };

/** How a run looks from outside the window. */
export interface OutsideView {
  /** Before the page's own title; absent where there is nothing to say. */
  readonly title?: string;
  readonly progress: Progress;
}

/** A run in the taskbar and the window's title. */
export function outsideView(run: RunView | undefined, snapshot: Snapshot | undefined): OutsideView {
  if (run === undefined) return { progress: { kind: 'none' } };
  if (run.report !== undefined) {
    const bad = run.report.status === 'failed' || run.report.status === 'uncertain';
    const progress: Progress = bad ? { kind: 'share', share: 1, mode: 'error' } : { kind: 'none' };
    return { title: run.report.status, progress };
  }
  if (snapshot === undefined) return { title: 'preparing', progress: { kind: 'unknown' } };
  const share = doneShare(snapshot);
  const paused = snapshot.flow === 'paused';
  return {
    title: titleOf(snapshot, paused, share),
    progress: share === undefined ? { kind: 'unknown' } : { kind: 'share', share, mode: paused ? 'paused' : 'normal' },
  };
}

function titleOf({ state, completeInMs }: Snapshot, paused: boolean, share: number | undefined): string {
  if (state !== 'bulk' && state !== 'iterating') return state;
  const how = share === undefined ? '' : ` ${Math.floor(share * 100)} %`;
  const left = paused ? ', paused' : completeInMs === undefined ? '' : `, ${etaText(completeInMs)} left`;
  return `${state}${how}${left}`;
}

/** By time where anybody can say how long it takes, and by memory in the first pass; undefined where nobody can. */
function doneShare({ state, elapsedMs, completeInMs, remainingBytes, totalBytes }: Snapshot): number | undefined {
  if (state === 'switchover' || state === 'confirming') return 0.99;
  if (state !== 'bulk' && state !== 'iterating') return undefined;
  if (completeInMs !== undefined) {
    const left = (completeInMs.low + completeInMs.high) / 2;
    return clamp(elapsedMs / Math.max(1, elapsedMs + left));
  }
  if (state !== 'bulk' || remainingBytes === undefined || totalBytes === undefined) return undefined;
  return clamp(1 - remainingBytes / Math.max(1, totalBytes));
}

function clamp(share: number): number {
  return Math.min(0.99, Math.max(0, share));
}

/** What a notification says of a run that has ended; undefined while it has not. */
export function endNote({ guestName, report }: RunView): { readonly title: string; readonly body: string } | undefined {
  if (report === undefined) return undefined;
  const { status, guestRunningOn, downtimeMs, error } = report;
  const pause = downtimeMs === undefined ? [] : [`It paused for ${formatDuration(downtimeMs)}.`];
  const why = error === undefined ? [] : [sentence(error.message)];
  return {
    title: `${guestName}: ${status}`,
    body: [sentence(placeText(guestRunningOn, status)), ...pause, ...why].join(' '),
  };
}
