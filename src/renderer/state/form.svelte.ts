import type { KnownGuest } from '../../shared/contract';
import { checkDraft, defaultDraft } from './draft';

/** The new-migration form: what is typed, what it comes to, and why it cannot start yet. */
export class MigrationForm {
  readonly draft = $state(defaultDraft());
  guestId = $state('');
  /** Typed by hand; until then the chosen guest's own waiting destination stands there. */
  #typedDestination = $state<string>();
  readonly #guests: () => readonly KnownGuest[];
  readonly check = $derived(checkDraft(this.draft));

  constructor(guests: () => readonly KnownGuest[]) {
    this.#guests = guests;
  }

  /** The chosen guest; with only one there is nothing to choose. */
  get guest(): KnownGuest | undefined {
    const guests = this.#guests();
    return guests.find(({ id }) => id === this.guestId) ?? (guests.length === 1 ? guests[0] : undefined);
  }

  get destination(): string {
    return this.#typedDestination ?? this.guest?.destination ?? '';
  }

  set destination(text: string) {
    this.#typedDestination = text;
  }

  /** Chooses a guest, and with it the destination that waits for it. */
  choose(id: string): void {
    this.guestId = id;
    this.#typedDestination = undefined;
  }

  /** Why the migration cannot start; absent when it can. */
  get obstacle(): string | undefined {
    if (this.#guests().length === 0) return 'There is no guest yet: start a sample or add one under Guests.';
    if (this.guest === undefined) return 'Choose a guest.';
    if (this.destination.trim() === '')
      return 'Say where to: the QMP address of the waiting destination, or a receiver’s wherry://….';
    return Object.values(this.check.problems)[0];
  }
}
