import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { profileNameSchema, shippedProfiles } from '../../shared/profile';
import type { ListedProfile } from '../../shared/profile';
import { defaultSettings } from '../../shared/settings';
import { copyName, savingUnder } from './profile-name';

const night: ListedProfile = { name: 'Night', settings: defaultSettings, shipped: false };
const profiles = [...shippedProfiles.map((profile) => ({ ...profile, shipped: true })), night];

describe('savingUnder', () => {
  it('tells a new name from one there is, in whatever case', () => {
    expect(savingUnder('Day', profiles)).toEqual({ kind: 'new' });
    expect(savingUnder(' nIGHT ', profiles)).toEqual({ kind: 'replaces', profile: night });
  });

  it.each([
    ['slow LINK', /“Slow link” comes with Wherry/],
    ['  ', /expected 1 to 64 characters, got none/],
    ['x'.repeat(65), /got 65/],
    ['a\nb', /on one line/],
  ])('refuses %j', (name, problem) => {
    expect(savingUnder(name, profiles)).toEqual({
      kind: 'refused',
      problem: expect.stringMatching(problem) as string,
    });
  });
});

describe('copyName', () => {
  it('counts on from the copies there are', () => {
    expect(copyName('Night', profiles)).toBe('Night copy');
    expect(copyName('Night', [...profiles, { ...night, name: 'night COPY' }])).toBe('Night copy 2');
  });

  it.each(['x'.repeat(64), '🛶'.repeat(32), `${'x'.repeat(58)} y`])('is a name whatever the length: %s', (name) => {
    const copy = copyName(name, [{ ...night, name }]);
    expect(v.safeParse(profileNameSchema, copy)).toMatchObject({ success: true, output: copy });
    expect(copy).toMatch(/ copy$/);
  });
});
