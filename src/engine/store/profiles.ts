import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { toFailure, WherryError } from '../../shared/failure';
import { profileKey, profileNameSchema, shippedProfiles } from '../../shared/profile';
import type { ListedProfile, Profile, ProfileList } from '../../shared/profile';
import { checkSettings } from '../../shared/settings';
import { elsewhere, listFiles, readText, removeFile, removeLeftovers, writeFiles } from './files';
import {
  exportText,
  isShipped,
  maxProfileBytes,
  parseImport,
  parseProfile,
  profileFileName,
  profileFilePattern,
  profileText,
} from './profile-file';
import { readEach, removeRefused } from './refused';

/** Whether a profile of the same name may be replaced. */
export interface SaveOptions {
  readonly replace: boolean;
}

/** The shipped profiles and the user's own, one file each in a folder; nothing is cached. */
export class Profiles {
  /** @param folder made when the first profile is saved */
  constructor(private readonly folder: string) {}

  /** Every profile, and every file that could not be taken as one. */
  async list(): Promise<ProfileList> {
    const files = await listFiles(this.folder, profileFilePattern);
    const { taken, refused } = await readEach(files, (file) => this.#read(file));
    const own = [...taken].sort((a, b) => (profileKey(a.name) < profileKey(b.name) ? -1 : 1));
    return { profiles: [...shippedProfiles.map((profile) => ({ ...profile, shipped: true })), ...own], refused };
  }

  /** @throws WherryError `usage` when there is none of that name, `store` when its file is no good */
  async get(name: string): Promise<ListedProfile> {
    const wanted = checkName(name);
    const shipped = shippedProfiles.find((profile) => profileKey(profile.name) === profileKey(wanted));
    if (shipped !== undefined) return { ...shipped, shipped: true };
    const file = this.#file(wanted);
    const found = await this.#read(file).catch((error: unknown) => {
      const { code, message } = toFailure(error);
      throw new WherryError(code, `profile "${wanted}": ${message} (${file})`, { cause: error });
    });
    if (found !== undefined) return found;
    const { profiles } = await this.list();
    const known = profiles.map((profile) => profile.name).join(', ');
    throw new WherryError('usage', `Profile: expected one of ${known}; got "${wanted}"`);
  }

  /**
   * Saves a profile and returns it as it was saved; it is on the disk then.
   * @throws WherryError `usage` for a name or settings that will not do, or a name that is taken; `store`
   */
  async save(profile: Profile, options: SaveOptions): Promise<Profile> {
    const check = checkSettings(profile.settings);
    if (!check.ok) throw new WherryError('usage', check.problems.map(({ message }) => message).join('; '));
    const saved = { name: checkName(profile.name), settings: check.settings };
    if (isShipped(saved.name)) throw shippedStays(saved.name);
    await this.#write([saved], options);
    return saved;
  }

  /**
   * Puts a profile in the place of the one called `name`, whose name it need not have. Should it end half-way, both
   * are there: none is ever lost.
   * @throws WherryError as `save` and `delete`; `usage` when the new name is another profile's
   */
  async change(name: string, profile: Profile): Promise<Profile> {
    const wanted = checkName(name);
    if (isShipped(wanted)) throw shippedStays(wanted);
    if (!(await this.#isThere(wanted))) throw noSuch(wanted);
    const renamed = profileKey(checkName(profile.name)) !== profileKey(wanted);
    const saved = await this.save(profile, { replace: !renamed });
    if (renamed) await removeFile(this.#file(wanted));
    return saved;
  }

  /** @throws WherryError `usage` when there is none of that name, or it is shipped; `store-newer`; `store` */
  async delete(name: string): Promise<void> {
    const wanted = checkName(name);
    if (isShipped(wanted)) throw shippedStays(wanted, '');
    if (!(await this.#isThere(wanted))) throw noSuch(wanted);
    await removeFile(this.#file(wanted));
  }

  /**
   * Removes a file that `list` refuses, a newer version's too, by its name in the folder.
   * @throws WherryError `usage` for any other file; `store`
   */
  removeRefused(name: string): Promise<void> {
    return removeRefused(this.folder, profileFilePattern, name, (file) => this.#read(file));
  }

  /**
   * Profiles as the text of one file: the named ones, or all of the user's own.
   * @throws WherryError `usage`, `store`
   */
  async export(names: readonly string[] = []): Promise<string> {
    if (names.length > 0) return exportText(await Promise.all(names.map(async (name) => this.get(name))));
    const { profiles } = await this.list();
    const own = profiles.filter(({ shipped }) => !shipped);
    if (own.length === 0) throw new WherryError('usage', 'there are no profiles of your own to export');
    return exportText(own);
  }

  /**
   * Takes over what `export` wrote: all of it, or when anything at all is wrong with it, nothing.
   * @returns the profiles' names
   * @throws WherryError `store`, `store-newer`; `usage` for a name that is taken
   */
  async import(text: string, options: SaveOptions): Promise<readonly string[]> {
    const profiles = parseImport(text);
    await this.#write(profiles, options);
    return profiles.map(({ name }) => name);
  }

  /**
   * Names in such a file that profiles here have already.
   * @throws WherryError `store`, `store-newer`
   */
  async taken(text: string): Promise<readonly string[]> {
    const taken: string[] = [];
    for (const { name } of parseImport(text)) if (await this.#isThere(name)) taken.push(name);
    return taken;
  }

  async #write(profiles: readonly Profile[], { replace }: SaveOptions): Promise<void> {
    const taken: string[] = [];
    for (const { name } of profiles) if (await this.#isThere(name)) taken.push(`"${name}"`);
    if (taken.length > 0 && !replace) {
      throw new WherryError('usage', `there is a profile ${taken.join(', ')} already; it was not replaced`);
    }
    const files = profiles.map((profile) => ({ path: this.#file(profile.name), text: profileText(profile) }));
    await writeFiles(files, elsewhere);
    await removeLeftovers(this.folder);
  }

  /**
   * Whether there is a file for the name that may be replaced or deleted; one that is damaged may.
   * @throws WherryError `store-newer` for one that may not
   */
  async #isThere(name: string): Promise<boolean> {
    const file = this.#file(name);
    try {
      return (await this.#read(file)) !== undefined;
    } catch (error) {
      const { code, message } = toFailure(error);
      if (code !== 'store-newer') return existsSync(file); // damaged; not so where the folder cannot be entered
      throw new WherryError(code, `profile "${name}" was left as it is: ${message} (${file})`, { cause: error });
    }
  }

  async #read(file: string): Promise<ListedProfile | undefined> {
    const text = await readText(file, maxProfileBytes);
    if (text === undefined) return undefined;
    const profile = parseProfile(text);
    if (this.#file(profile.name) === file && !isShipped(profile.name)) return { ...profile, shipped: false };
    throw new WherryError('store', `the profile "${profile.name}" does not belong in this file; import it instead`);
  }

  #file(name: string): string {
    return join(this.folder, profileFileName(name));
  }
}

function checkName(name: string): string {
  const result = v.safeParse(profileNameSchema, name);
  if (result.success) return result.output;
  throw new WherryError('usage', result.issues[0].message);
}

function shippedStays(name: string, instead = '; save it under a name of your own'): WherryError {
  return new WherryError('usage', `"${name}" comes with Wherry and stays as it is${instead}`);
}

function noSuch(name: string): WherryError {
  return new WherryError('usage', `Profile: there is no "${name}"`);
}
