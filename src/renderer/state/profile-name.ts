import * as v from 'valibot';
import { maxProfileName as maxName, profileKey, profileNameSchema } from '../../shared/profile';
import type { ListedProfile } from '../../shared/profile';

/** What saving under a name would do, or why it cannot be done. */
export type SavingUnder =
  | { readonly kind: 'refused'; readonly problem: string }
  | { readonly kind: 'new' }
  | { readonly kind: 'replaces'; readonly profile: ListedProfile };

/** Looks a name up among the profiles there are, once it is one. Nothing typed yet is refused as such. */
export function savingUnder(name: string, profiles: readonly ListedProfile[]): SavingUnder {
  const checked = v.safeParse(profileNameSchema, name);
  if (!checked.success) return { kind: 'refused', problem: checked.issues[0].message };
  const found = findProfile(checked.output, profiles);
  if (found === undefined) return { kind: 'new' };
  if (!found.shipped) return { kind: 'replaces', profile: found };
  return { kind: 'refused', problem: `“${found.name}” comes with Wherry and stays as it is; expected another name` };
}

/** The profile a name means, in whatever case. */
export function findProfile(name: string, profiles: readonly ListedProfile[]): ListedProfile | undefined {
  const key = profileKey(name.normalize('NFC').trim());
  return profiles.find((profile) => profileKey(profile.name) === key);
}

/** A name for a copy that no profile has yet: `Night copy`, `Night copy 2`; cut where it would be too long. */
export function copyName(name: string, profiles: readonly ListedProfile[]): string {
  for (let number = 1; ; number += 1) {
    const end = number === 1 ? ' copy' : ` copy ${number}`;
    const candidate = cut(name, maxName - end.length) + end;
    if (findProfile(candidate, profiles) === undefined) return candidate;
  }
}

/** By whole characters, so that none is halved. */
function cut(text: string, length: number): string {
  let kept = '';
  for (const character of text) {
    if (kept.length + character.length > length) break;
    kept += character;
  }
  return kept.trimEnd();
}
