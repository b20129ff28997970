import type { CallPayload, KnownGuest } from '../../shared/contract';
import { destinationProblem } from '../../shared/destination';
import { withoutToken } from '../../shared/pairing-text';
import type { ListedProfile } from '../../shared/profile';
import { defaultSettings } from '../../shared/settings';
import type { MigrationSettings } from '../../shared/settings';
import { changedSettings, checkDraft, draftOf } from './draft';
import { immovable, isWaiting } from './guests';
import { savingUnder } from './profile-name';
import type { ProfileBook } from './profiles.svelte';

/** The new-migration form: what is typed, what it comes to, and why it cannot start yet. */
export class MigrationForm {
  readonly draft = $state(draftOf(defaultSettings));
  guestId = $state('');
  /** The name the settings would be saved under. */
  saveName = $state('');
  #profileName = $state('');
  /** Typed by hand; until then the chosen guest's own waiting destination stands there. */
  #typedDestination = $state<string>();
  readonly #guests: () => readonly KnownGuest[];
  readonly #book: ProfileBook;
  readonly check = $derived(checkDraft(this.draft));
  /** Settings that differ from the profile the form was filled from. */
  readonly modified = $derived.by(() => changedSettings(this.draft, this.profile?.settings ?? defaultSettings));
  readonly saving = $derived.by(() => savingUnder(this.saveName, this.#book.all));

  constructor(guests: () => readonly KnownGuest[], book: ProfileBook) {
    this.#guests = guests;
    this.#book = book;
  }

  /** The profile the form was filled from; with none, it was the defaults. */
  get profile(): ListedProfile | undefined {
    return this.#profileName === '' ? undefined : this.#book.find(this.#profileName);
  }

  /** Fills everything from a profile; from the defaults without a name. */
  chooseProfile(name: string): void {
    this.#profileName = name;
    this.saveName = this.profile?.shipped === false ? this.profile.name : '';
    this.revert();
  }

  /** Puts back what the profile holds. */
  revert(): void {
    this.fill(this.profile?.settings ?? defaultSettings);
  }

  /** Fills the fields with these settings, whatever the profile. */
  fill(settings: MigrationSettings): void {
    Object.assign(this.draft, draftOf(settings));
  }

  /** Whether there is anything to save, and a name to save it under. */
  get savable(): boolean {
    const { saving, check } = this;
    if (check.settings === undefined || saving.kind === 'refused') return false;
    return saving.kind === 'new' || saving.profile !== this.profile || this.modified.length > 0;
  }

  /** Keeps the settings under the name given; the form is then filled from that. */
  async save(): Promise<void> {
    const { settings } = this.check;
    if (settings === undefined) return;
    const { name } = await this.#book.save({ name: this.saveName, settings });
    this.#profileName = name;
    this.saveName = name;
  }

  /** The chosen guest; with only one there is nothing to choose. */
  get guest(): KnownGuest | undefined {
    const guests = this.#guests().filter((guest) => !isWaiting(guest));
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

  /**
   * Chooses the guest of an earlier run.
   * @param shown where that run went, without a receiver's token: what was typed for it stays
   */
  chooseAgain(id: string, destination: string | undefined, shown: string): void {
    const typed = withoutToken(this.destination.trim()) === shown ? this.#typedDestination : undefined;
    this.choose(id);
    this.#typedDestination = destination ?? typed;
  }

  /** What is wrong with what stands as the destination; nothing is wrong with nothing yet. */
  get destinationProblem(): string | undefined {
    return this.destination.trim() === '' ? undefined : destinationProblem(this.destination, this.guest?.address);
  }

  /** What is to be done; absent while something is missing or wrong. */
  get order(): CallPayload<'startMigration'> | undefined {
    const { guest, check } = this;
    const destination = this.destination.trim();
    if (guest === undefined || destination === '' || check.settings === undefined) return undefined;
    if (this.destinationProblem !== undefined) return undefined;
    return { guestId: guest.id, destination, settings: check.settings };
  }

  /** Why the migration cannot start; absent when it can. */
  get obstacle(): string | undefined {
    if (this.#guests().length === 0) return 'There is no guest yet: start a sample or add one under Guests.';
    if (this.guest === undefined) return 'Choose a guest.';
    const reason = immovable(this.guest);
    if (reason !== undefined) return `${this.guest.name} ${reason}.`;
    if (this.destination.trim() === '')
      return 'Say where to: the QMP address of the waiting destination, or a receiver’s wherry://….';
    return this.destinationProblem ?? Object.values(this.check.problems)[0];
  }
}
