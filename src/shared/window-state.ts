/** Colours of the window: the system's, or one's own choice. */
export const themes = ['system', 'light', 'dark'] as const;
export type ThemeChoice = (typeof themes)[number];

/** The one after, and after the last the first. */
export function nextTheme(theme: ThemeChoice): ThemeChoice {
  return themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system';
}

/** Something the operator has to know that belongs to no place in the window. */
export interface Notice {
  readonly id: number;
  /** Since the epoch, ms; the last time it was said. */
  readonly at: number;
  readonly text: string;
}
