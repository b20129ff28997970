import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shippedProfiles } from '../../shared/profile';
import { checkSettings, defaultSettings } from '../../shared/settings';
import { Profiles } from './profiles';
import { keep, ownNames, replace, settings, stored } from './profiles.testing';
import { testFolder } from './testing';

describe('shipped profiles', () => {
  it('are good settings, listed first', async () => {
    for (const profile of shippedProfiles) expect(checkSettings(profile.settings).ok).toBe(true);
    const { profiles } = await new Profiles(join(testFolder(), 'none')).list();
    expect(profiles).toEqual(shippedProfiles.map((profile) => ({ ...profile, shipped: true })));
    expect(profiles.map(({ name }) => name)).toEqual([
      'Slow link',
      'Fast link',
      'Write-heavy guest',
      'Seed: zlib',
      'Seed: zstd',
    ]);
  });

  it('stay as they are, in whatever case', async () => {
    const profiles = new Profiles(testFolder());
    await expect(profiles.save({ name: 'slow LINK', settings }, replace)).rejects.toThrow('comes with Wherry');
    await expect(profiles.delete('Slow link')).rejects.toMatchObject({ code: 'usage' });
    expect((await profiles.get('slow link')).settings.xbzrleCacheBytes).toBe(256 * 2 ** 20);
  });
});

describe('changing a profile', () => {
  it('keeps its name or takes another, in any case', async () => {
    const profiles = new Profiles(testFolder());
    await profiles.save({ name: 'Night', settings }, keep);
    await profiles.change('night', { name: 'NIGHT', settings: defaultSettings });
    expect(await profiles.get('Night')).toEqual({ name: 'NIGHT', settings: defaultSettings, shipped: false });
    expect(await profiles.change('Night', { name: ' Day ', settings })).toEqual({ name: 'Day', settings });
    expect(await ownNames(profiles)).toEqual(['Day']);
  });

  it('takes no name that another has, and changes nothing then', async () => {
    const profiles = new Profiles(testFolder());
    await profiles.save({ name: 'Night', settings }, keep);
    await profiles.save({ name: 'Day', settings: defaultSettings }, keep);
    await expect(profiles.change('Night', { name: 'day', settings })).rejects.toThrow('not replaced');
    await expect(profiles.change('Night', { name: 'Slow link', settings })).rejects.toThrow('comes with Wherry');
    await expect(profiles.change('Slow link', { name: 'Mine', settings })).rejects.toThrow('comes with Wherry');
    await expect(profiles.change('Dusk', { name: 'Dawn', settings })).rejects.toThrow('there is no "Dusk"');
    expect(await ownNames(profiles)).toEqual(['Day', 'Night']);
    expect((await profiles.get('Day')).settings).toEqual(defaultSettings);
  });
});

describe('own profiles', () => {
  it('are kept, found in any case, replaced only when asked, and deleted', async () => {
    const folder = testFolder();
    const profiles = new Profiles(folder);
    await profiles.save({ name: '  Night  ', settings }, keep);
    expect(await new Profiles(folder).get('nIGHT')).toEqual({ name: 'Night', settings, shipped: false });
    await expect(profiles.save({ name: 'night', settings: defaultSettings }, keep)).rejects.toThrow('not replaced');
    await profiles.save({ name: 'night', settings: defaultSettings }, replace);
    expect(await profiles.get('Night')).toEqual({ name: 'night', settings: defaultSettings, shipped: false });
    await profiles.delete('NIGHT');
    expect(readdirSync(folder)).toEqual([]);
    await expect(profiles.delete('night')).rejects.toThrow('there is no "night"');
    await expect(profiles.get('night')).rejects.toThrow('expected one of Slow link, Fast link');
  });

  it.each([
    ['', 'expected 1 to 64 characters, got none'],
    ['   ', 'expected 1 to 64 characters'],
    ['x'.repeat(65), 'expected 1 to 64 characters, got 65'],
    ['a\nb', 'visible characters'],
    ['a\u202eb', 'visible characters'],
    ['\ud800', 'visible characters'],
  ])('refuses the name %j', async (name, message) => {
    await expect(new Profiles(testFolder()).save({ name, settings }, keep)).rejects.toThrow(message);
  });

  it('refuses settings that will not do', async () => {
    const bad = { ...settings, level: 20 };
    const profiles = new Profiles(testFolder());
    await expect(profiles.save({ name: 'a', settings: bad }, keep)).rejects.toMatchObject({ code: 'usage' });
    expect(await ownNames(profiles)).toEqual([]);
  });

  it('gets no path from any name', async () => {
    const folder = join(testFolder(), 'profiles');
    const profiles = new Profiles(folder);
    const names = ['../../evil', '/etc/passwd', '..', '.', 'a/b', 'con', '__proto__', 'x'.repeat(64), 'é', '😀'];
    for (const name of names) await profiles.save({ name, settings }, keep);
    expect(readdirSync(folder).every((file) => /^[0-9a-f]{32}\.json$/.test(file))).toBe(true);
    expect(readdirSync(join(folder, '..'))).toEqual(['profiles']);
    expect([...(await ownNames(profiles))].sort()).toEqual([...names].sort());
  });

  it('takes back every name and all settings it took', async () => {
    const profiles = new Profiles(testFolder());
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), async (name) => {
        const saved = await profiles.save({ name, settings }, replace).catch(() => undefined);
        if (saved !== undefined) expect(await profiles.get(name)).toEqual({ ...saved, shipped: false });
      }),
      { numRuns: 50 },
    );
  });
});

describe('export and import', () => {
  it('bring profiles elsewhere', async () => {
    const here = new Profiles(testFolder());
    await here.save({ name: 'b', settings }, keep);
    await here.save({ name: 'a', settings: defaultSettings }, keep);
    const there = new Profiles(testFolder());
    expect(await there.import(await here.export(), keep)).toEqual(['a', 'b']);
    expect(await there.list()).toEqual(await here.list());
    expect(await there.export(['b'])).toBe(await here.export(['B']));
  });

  it('has nothing to export without profiles of one’s own', async () => {
    await expect(new Profiles(testFolder()).export()).rejects.toMatchObject({ code: 'usage' });
    await expect(new Profiles(testFolder()).export(['x'])).rejects.toMatchObject({ code: 'usage' });
  });

  it('takes a single profile’s file too', async () => {
    const profiles = new Profiles(testFolder());
    expect(await profiles.import(JSON.stringify(stored('one', { settings })), keep)).toEqual(['one']);
  });

  const good = { name: 'good', settings };
  const many = (...profiles: readonly unknown[]): object => ({ format: 'wherry-profiles', version: 1, profiles });
  it.each([
    ['not JSON', 'good', 'expected JSON'],
    ['none', many(), 'expected at least one'],
    ['a newer version', { ...many(good), version: 7 }, 'newer Wherry'],
    ['a newer profile', { ...stored('good', { settings }), version: 7 }, 'newer Wherry'],
    ['one bad level', many(good, { name: 'b', settings: { level: 77 } }), 'profile 2: Compression level'],
    ['one bad name', many(good, { name: '\u0000', settings }), 'profile 2: Profile name'],
    ['one that is none', many(good, null), 'profile 2: expected an object'],
    ['a name twice', many(good, { name: 'GOOD', settings }), '"GOOD" is in it twice'],
    ['a shipped name', many(good, { name: 'fast link', settings }), '"fast link" is the name of a shipped profile'],
    ['a name that is taken', many(good, { name: 'Taken', settings }), 'there is a profile "Taken" already'],
  ])('refuse %s and change nothing', async (_, content, reason) => {
    const folder = testFolder();
    const profiles = new Profiles(folder);
    await profiles.save({ name: 'taken', settings: defaultSettings }, keep);
    const before = await profiles.list();
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    await expect(profiles.import(text, keep)).rejects.toThrow(reason);
    expect(await profiles.list()).toEqual(before);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('replace what is there when asked', async () => {
    const profiles = new Profiles(testFolder());
    await profiles.save({ name: 'taken', settings: defaultSettings }, keep);
    await profiles.import(JSON.stringify(many({ name: 'taken', settings })), replace);
    expect((await profiles.get('taken')).settings).toEqual(settings);
  });
});
