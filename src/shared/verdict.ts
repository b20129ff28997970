import type { SettingsChange } from './settings';
import { sentence } from './words';

/** What keeps a migration from converging; `dirty rate` where nothing but the guest's own writing does. */
export const stallReasons = ['link', 'compressor', 'cache', 'destination', 'source', 'dirty rate'] as const;
export type StallReason = (typeof stallReasons)[number];

/** The one change that would help most, with what it would do by the run's own figures. */
export interface Advice {
  /** What to do, as a button or a sentence says it. */
  readonly words: string;
  readonly effect: string;
  /** Absent for what cannot be changed while a migration runs. */
  readonly change?: SettingsChange;
}

/** Will it finish? As the engine judges it while pages are sent. */
export type RunVerdict =
  /** Nobody knows yet; `words` are what is known, where that is something. */
  { readonly kind: 'too early'; readonly words?: string } | { readonly kind: 'converging' } | TroubleVerdict;

/** It will not finish, or not in the time it was given. */
export type TroubleVerdict =
  | {
      readonly kind: 'not converging';
      readonly reason: StallReason;
      /** Why, with the figures. */
      readonly words: string;
      readonly advice?: Advice;
    }
  | {
      /** Of its timeout less is left than it takes at best. */
      readonly kind: 'too slow';
      readonly words: string;
      readonly advice?: Advice;
    };

/** What was last judged of a run that has ended otherwise than it should, as sentences; none where nothing was. */
export function hindsight(verdict: RunVerdict | undefined): readonly string[] {
  if (verdict?.kind === 'converging') return ['It was converging until then.'];
  const trouble = troubleOf(verdict);
  if (trouble === undefined) return [];
  const { kind, words, advice } = trouble;
  const what = kind === 'too slow' ? 'It was too slow for its timeout' : 'It was not converging';
  if (advice === undefined) return [`${what}: ${words}.`];
  return [`${what}: ${words}.`, `What would have helped most: ${advice.words}. ${sentence(advice.effect)}`];
}

/** The verdict where it is bad news. */
export function troubleOf(verdict: RunVerdict | undefined): TroubleVerdict | undefined {
  return verdict?.kind === 'not converging' || verdict?.kind === 'too slow' ? verdict : undefined;
}
