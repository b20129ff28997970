import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultSettings } from '../../shared/settings';
import { profileFileName } from './profile-file';
import type { Profiles } from './profiles';

/*
 * What the tests of profiles share.
 */

export const settings = { ...defaultSettings, level: 7 };
export const keep = { replace: false };
export const replace = { replace: true };

/** The names of those that are not shipped. */
export async function ownNames(profiles: Profiles): Promise<readonly string[]> {
  const { profiles: all } = await profiles.list();
  return all.filter(({ shipped }) => !shipped).map(({ name }) => name);
}

/** Puts a file where the profile of that name is kept. */
export function put(folder: string, name: string, content: unknown): string {
  const file = join(folder, profileFileName(name));
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

/** What its file holds. */
export const stored = (name: string, more: object = {}): object => ({
  format: 'wherry-profile',
  version: 1,
  name,
  ...more,
});
