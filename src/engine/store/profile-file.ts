import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { WherryError } from '../../shared/failure';
import { profileKey, profileNameSchema, shippedProfiles } from '../../shared/profile';
import type { Profile } from '../../shared/profile';
import { checked, documentText, readDocument, storedSettings } from './document';
import type { DocumentKind } from './document';

const oneKind: DocumentKind = { format: 'wherry-profile', version: 1 };
const manyKind: DocumentKind = { format: 'wherry-profiles', version: 1 };

/** No profile is a tenth of this. */
export const maxProfileBytes = 64 * 1024;
export const maxImportBytes = 4 * 2 ** 20;

/** Names of files that hold a profile. */
export const profileFilePattern = /^[0-9a-f]{32}\.json$/;

/** The file a profile is kept in: no part of a name gets into a path. */
export function profileFileName(name: string): string {
  return `${createHash('sha256').update(profileKey(name)).digest('hex').slice(0, 32)}.json`;
}

export function profileText({ name, settings }: Profile): string {
  return documentText(oneKind, { name, settings });
}

/**
 * Reads a profile's file.
 * @throws WherryError `store`, `store-newer`
 */
export function parseProfile(text: string): Profile {
  return profileIn(readDocument(oneKind, text));
}

/** Profiles as one file to take elsewhere. */
export function exportText(profiles: readonly Profile[]): string {
  return documentText(manyKind, { profiles: profiles.map(({ name, settings }) => ({ name, settings })) });
}

/**
 * Reads an exported file, all of it or nothing; a single profile's file is taken too.
 * @throws WherryError `store`, `store-newer`
 */
export function parseImport(text: string): readonly Profile[] {
  const given = readMany(text).map((entry, index) => {
    try {
      return profileIn(checked(v.looseObject({}, 'expected an object'), entry));
    } catch (error) {
      if (error instanceof WherryError) throw new WherryError('store', `profile ${index + 1}: ${error.message}`);
      throw error;
    }
  });
  const keys = given.map(({ name }) => profileKey(name));
  const twice = given.find(({ name }, index) => keys.indexOf(profileKey(name)) !== index);
  if (twice !== undefined) throw new WherryError('store', `"${twice.name}" is in it twice`);
  const shipped = given.find(({ name }) => isShipped(name));
  if (shipped !== undefined) throw new WherryError('store', `"${shipped.name}" is the name of a shipped profile`);
  return given;
}

function readMany(text: string): readonly unknown[] {
  try {
    return [readDocument(oneKind, text)];
  } catch (error) {
    if (error instanceof WherryError && error.code === 'store-newer') throw error;
  }
  const { profiles } = readDocument(manyKind, text);
  return checked(v.pipe(v.array(v.unknown()), v.minLength(1, 'expected at least one')), profiles);
}

function profileIn({ name, settings }: Readonly<Record<string, unknown>>): Profile {
  return { name: checked(profileNameSchema, name), settings: storedSettings(settings) };
}

export function isShipped(name: string): boolean {
  return shippedProfiles.some((profile) => profileKey(profile.name) === profileKey(name));
}
