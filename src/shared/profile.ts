import * as v from 'valibot';
import { defaultSettings } from './settings';
import type { MigrationSettings } from './settings';

/** Settings under a name. */
export interface Profile {
  readonly name: string;
  readonly settings: MigrationSettings;
}

/** A profile as it is listed; those that come with Wherry can be neither changed nor deleted. */
export interface ListedProfile extends Profile {
  readonly shipped: boolean;
}

/** A stored file that was not taken, and why; it stays where it is. */
export interface RefusedFile {
  /** Path of the file. */
  readonly file: string;
  /** Its name in the store's folder, by which it can be removed. */
  readonly name: string;
  readonly reason: string;
  /** It could not be read now: what it holds is not known, and it is not offered to be removed. */
  readonly unread?: true;
}

/** Everything there is, own profiles by name after the shipped ones. */
export interface ProfileList {
  readonly profiles: readonly ListedProfile[];
  readonly refused: readonly RefusedFile[];
}

/** Longest name, in UTF-16 units. */
export const maxProfileName = 64;

const nameMessage = `Profile name: expected 1 to ${maxProfileName} characters`;

/** A profile's name as it is kept: composed (NFC), trimmed, one line, nothing invisible. */
export const profileNameSchema = v.pipe(
  v.string('Profile name: expected text'),
  v.normalize('NFC'),
  v.trim(),
  v.minLength(1, `${nameMessage}, got none`),
  v.maxLength(maxProfileName, ({ received }) => `${nameMessage}, got ${received}`),
  v.check(
    (name) => !/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u.test(name),
    'Profile name: expected visible characters on one line',
  ),
);

/** What two names have in common when they mean the same profile: case does not matter. */
export function profileKey(name: string): string {
  return name.toLowerCase();
}

/** As the first compression seed was measured: 8/2 threads, level 1, 100 Mbit/s, no deltas. */
const seed = {
  ...defaultSettings,
  compressThreads: 8,
  decompressThreads: 2,
  xbzrleCacheBytes: 0,
  maxBandwidth: 12.5e6,
};

/** Profiles that come with Wherry. */
export const shippedProfiles: readonly Profile[] = [
  { name: 'Slow link', settings: { ...defaultSettings, level: 6, xbzrleCacheBytes: 256 * 2 ** 20 } },
  { name: 'Fast link', settings: { ...defaultSettings, method: 'none', xbzrleCacheBytes: 0 } },
  { name: 'Write-heavy guest', settings: { ...defaultSettings, xbzrleCacheBytes: 512 * 2 ** 20 } },
  { name: 'Seed: zlib', settings: { ...seed, method: 'zlib' } },
  { name: 'Seed: zstd', settings: { ...seed, method: 'zstd' } },
];
