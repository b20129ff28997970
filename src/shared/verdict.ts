import type { SettingsChange } from './settings';

/** What keeps a migration from converging; `dirty rate` where nothing but the guest's own writing does. */
export type StallReason = 'link' | 'compressor' | 'cache' | 'destination' | 'source' | 'dirty rate';

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
  | { readonly kind: 'too early' }
  | { readonly kind: 'converging' }
  | {
      readonly kind: 'not converging';
      readonly reason: StallReason;
      /** Why, with the figures. */
      readonly words: string;
      readonly advice?: Advice;
    };
