import { SvelteMap } from 'svelte/reactivity';
import { profileKey } from '../../shared/profile';
import type { ListedProfile, Profile, ProfileList } from '../../shared/profile';
import { defaultSettings } from '../../shared/settings';
import { call } from './bridge';
import { changedSettings, checkDraft, draftOf } from './draft';
import { copyName, findProfile, savingUnder } from './profile-name';

/** A profile in the editor: what its fields hold, beside what is kept. One that is new has nothing kept. */
export class ProfileEdit {
  name = $state('');
  readonly draft = $state(draftOf(defaultSettings));
  readonly check = $derived(checkDraft(this.draft));
  readonly #others: () => readonly ListedProfile[];

  constructor(
    readonly kept: ListedProfile | undefined,
    profiles: () => readonly ListedProfile[],
  ) {
    this.#others = () => profiles().filter(({ name }) => name !== kept?.name);
    this.revert();
  }

  /** Whether anything differs from what is kept. */
  readonly modified = $derived.by(() => {
    if (this.name.trim() !== (this.kept?.name ?? '')) return true;
    return changedSettings(this.draft, this.kept?.settings ?? defaultSettings).length > 0;
  });

  /** What is wrong with the name; nothing typed for a new profile yet is nothing wrong yet. */
  readonly nameProblem = $derived.by(() => {
    if (this.kept === undefined && this.name.trim() === '') return undefined;
    const saving = savingUnder(this.name, this.#others());
    if (saving.kind === 'replaces') return `“${saving.profile.name}” is another profile; expected a name not taken`;
    return saving.kind === 'refused' ? saving.problem : undefined;
  });

  /** What would be kept; absent while something is wrong. */
  get result(): Profile | undefined {
    const { settings } = this.check;
    const named = this.name.trim() !== '' && this.nameProblem === undefined;
    return named && settings !== undefined ? { name: this.name, settings } : undefined;
  }

  /** Puts back what is kept. */
  revert(): void {
    this.name = this.kept?.name ?? '';
    Object.assign(this.draft, draftOf(this.kept?.settings ?? defaultSettings));
  }
}

/** The profiles there are, and those being edited: what is not saved stays until it is saved or reverted. */
export class ProfileBook {
  #list = $state.raw<ProfileList>();
  /** By the kept profile's key; a new one's is empty. */
  readonly #edits = new SvelteMap<string, ProfileEdit>();
  #selected = $state<string>();
  filter = $state('');

  /** Absent until they have been read. */
  get list(): ProfileList | undefined {
    return this.#list;
  }

  get all(): readonly ListedProfile[] {
    return this.#list?.profiles ?? [];
  }

  /** Those with the filter's text in their name. */
  readonly shown = $derived.by(() => {
    const text = this.filter.trim().toLowerCase();
    return this.all.filter(({ name }) => name.toLowerCase().includes(text));
  });

  /** The one in the editor. */
  get edit(): ProfileEdit | undefined {
    return this.#selected === undefined ? undefined : this.#edits.get(this.#selected);
  }

  find(name: string): ListedProfile | undefined {
    return findProfile(name, this.all);
  }

  isSelected(name: string): boolean {
    return this.#selected === profileKey(name);
  }

  isModified(name: string): boolean {
    return this.#edits.get(profileKey(name))?.modified ?? false;
  }

  /** Reads them again. Edits stay where something has been changed. */
  async load(): Promise<void> {
    this.#list = await call('listProfiles');
    for (const [key, edit] of this.#edits) if (key !== '' && !edit.modified) this.#edits.delete(key);
    if (this.#selected === undefined || this.edit === undefined) this.select(this.#selected ?? this.all[0]?.name ?? '');
  }

  /** Brings a profile into the editor; with no name, a new one. */
  select(name: string): void {
    const found = this.find(name) ?? (name === '' ? undefined : this.all[0]);
    const key = found === undefined ? '' : profileKey(found.name);
    if (!this.#edits.has(key)) this.#edits.set(key, new ProfileEdit(found, () => this.all));
    this.#selected = key;
  }

  /** Keeps what the editor holds, and the name it has there. */
  async saveEdit(): Promise<void> {
    const { edit } = this;
    if (edit?.result === undefined) return;
    const { kept, result } = edit;
    const saved =
      kept === undefined
        ? await call('saveProfile', { ...result, replace: false })
        : await call('changeProfile', { name: kept.name, profile: result });
    this.#drop(kept);
    await this.#reload(saved.name);
  }

  /** Keeps settings under a name, whatever had it. */
  async save(profile: Profile): Promise<Profile> {
    const before = this.find(profile.name);
    const saved = await call('saveProfile', { ...profile, replace: before !== undefined });
    if (before !== undefined) this.#drop(before);
    await this.load();
    return saved;
  }

  /** Keeps a copy, and brings it into the editor. */
  async duplicate(profile: Profile): Promise<void> {
    const name = copyName(profile.name, this.all);
    const { settings } = profile;
    const saved = await call('saveProfile', { name, settings, replace: false });
    await this.#reload(saved.name);
  }

  async delete(profile: ListedProfile): Promise<void> {
    await call('deleteProfile', { name: profile.name });
    this.#drop(profile);
    await this.#reload();
  }

  /** Removes a file that could not be read, by its name. */
  async removeRefused(name: string): Promise<void> {
    await call('removeRefusedProfile', { name });
    await this.load();
  }

  /** The names taken over; absent when the operator thought better of it. */
  async import(): Promise<readonly string[] | undefined> {
    const names = await call('importProfiles');
    const [first] = names ?? [];
    if (names === undefined || first === undefined) return undefined;
    for (const name of names) this.#edits.delete(profileKey(name));
    await this.#reload(first);
    return names;
  }

  /** The file written; absent when the operator thought better of it. Without names, all of one's own. */
  export(names: readonly string[]): Promise<string | undefined> {
    return call('exportProfiles', { names: [...names] });
  }

  async #reload(selected?: string): Promise<void> {
    this.#list = await call('listProfiles');
    this.filter = '';
    this.select(selected ?? this.all[0]?.name ?? '');
  }

  #drop(kept: Profile | undefined): void {
    this.#edits.delete(kept === undefined ? '' : profileKey(kept.name));
  }
}
