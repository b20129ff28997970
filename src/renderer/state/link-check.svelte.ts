import { moveMs, type LinkFigures } from '../../shared/link';
import { isPairing } from '../../shared/pairing-text';
import { formatBytes } from '../../shared/units';
import { call } from './bridge';
import type { MigrationForm } from './form.svelte';
import { roughly } from './words';

/** The link test of the new-migration form. What it found is shown for the receiver it was of, and no other. */
export class LinkCheck {
  #found = $state.raw<{ readonly of: string; readonly figures: LinkFigures }>();

  constructor(private readonly form: MigrationForm) {}

  /** Whether there is a link to be tested. */
  get possible(): boolean {
    return isPairing(this.form.destination);
  }

  /** What was found out about the link to what is typed now. */
  get figures(): LinkFigures | undefined {
    return this.#found?.of === this.form.destination.trim() ? this.#found.figures : undefined;
  }

  /** How long the chosen guest's memory takes over it, as a sentence; absent as long as nobody can say. */
  get estimate(): string | undefined {
    const { guest, check } = this.form;
    if (this.figures === undefined || guest?.memoryBytes === undefined || check.settings === undefined)
      return undefined;
    const ms = moveMs(this.figures, check.settings.maxBandwidth, guest.memoryBytes);
    if (ms === undefined) return undefined;
    return `At this link and limit, moving ${formatBytes(guest.memoryBytes)} takes about ${roughly(ms)}, each page sent once and as it is.`;
  }

  /** Why it cannot be tested as the form is; absent when it can. */
  get obstacle(): string | undefined {
    return this.form.destinationProblem ?? Object.values(this.form.check.problems)[0];
  }

  async test(): Promise<void> {
    const { settings } = this.form.check;
    if (settings === undefined) return;
    const of = this.form.destination.trim();
    const { channels, maxBandwidth } = settings;
    this.#found = undefined;
    this.#found = { of, figures: await call('testLink', { destination: of, channels, maxBandwidth }) };
  }
}
