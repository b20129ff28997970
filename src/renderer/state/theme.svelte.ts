import { nextTheme, type ThemeChoice } from '../../shared/window-state';
import { call, listen } from './bridge';

/** Light or dark: the system's choice until one is made by hand, which the main process keeps. */
export class Theme {
  readonly #system = matchMedia('(prefers-color-scheme: dark)');
  #choice = $state<ThemeChoice>('system');
  #systemDark = $state(this.#system.matches);

  constructor() {
    this.#system.addEventListener('change', ({ matches }) => (this.#systemDark = matches));
    listen('theme', (choice) => (this.#choice = choice));
    $effect.root(() => {
      $effect.pre(() => {
        document.documentElement.dataset['theme'] = this.shown;
      });
    });
  }

  get choice(): ThemeChoice {
    return this.#choice;
  }

  /** What is on the screen. The main process sets what the page hears of the system, too: nothing flashes at the start. */
  get shown(): 'light' | 'dark' {
    if (this.#choice !== 'system') return this.#choice;
    return this.#systemDark ? 'dark' : 'light';
  }

  /** Takes in what was kept. */
  take(choice: ThemeChoice): void {
    this.#choice = choice;
  }

  /** Moves to the next of system, light, dark. */
  next(): void {
    this.#choice = nextTheme(this.#choice);
    void call('chooseTheme', { theme: this.#choice });
  }
}
