const choices = ['system', 'light', 'dark'] as const;
export type ThemeChoice = (typeof choices)[number];

const storageKey = 'theme';

/** Light or dark: the system's choice until one is made by hand, which is kept. */
export class Theme {
  readonly #system = matchMedia('(prefers-color-scheme: dark)');
  #choice = $state<ThemeChoice>(stored());
  #systemDark = $state(this.#system.matches);

  constructor() {
    this.#system.addEventListener('change', ({ matches }) => (this.#systemDark = matches));
    $effect.root(() => {
      $effect.pre(() => {
        document.documentElement.dataset['theme'] = this.shown;
      });
    });
  }

  get choice(): ThemeChoice {
    return this.#choice;
  }

  /** What is on the screen. */
  get shown(): 'light' | 'dark' {
    if (this.#choice !== 'system') return this.#choice;
    return this.#systemDark ? 'dark' : 'light';
  }

  /** Moves to the next of system, light, dark. */
  next(): void {
    this.#choice = choices[(choices.indexOf(this.#choice) + 1) % choices.length] ?? 'system';
    localStorage.setItem(storageKey, this.#choice);
  }
}

function stored(): ThemeChoice {
  const value = localStorage.getItem(storageKey);
  return choices.find((choice) => choice === value) ?? 'system';
}
