import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../shared/settings';
import { profileFileName } from './profile-file';
import { Profiles } from './profiles';
import { keep, ownNames, put, replace, settings, stored } from './profiles.testing';
import { testFolder } from './testing';

describe('a stored profile', () => {
  it('of an older version has defaults for what was added since', async () => {
    const folder = testFolder();
    put(folder, 'old', stored('old', { settings: { method: 'zlib', level: 9 } }));
    const { settings: found } = await new Profiles(folder).get('old');
    expect(found).toEqual({ ...defaultSettings, method: 'zlib', level: 9 });
  });

  it('puts nothing into a prototype', async () => {
    const folder = testFolder();
    put(folder, 'odd', '{"format":"wherry-profile","version":1,"name":"odd","settings":{"__proto__":{"level":3}}}');
    expect((await new Profiles(folder).get('odd')).settings).toEqual(defaultSettings);
  });

  it('of a newer version is refused, and neither replaced, nor deleted, nor imported over', async () => {
    const folder = testFolder();
    const file = put(folder, 'new', { ...stored('new'), version: 2, settings: { warp: 9 } });
    const before = readFileSync(file, 'utf8');
    const profiles = new Profiles(folder);
    const reason = 'version 2 was written by a newer Wherry; this one reads up to version 1';
    expect((await profiles.list()).refused).toEqual([{ file, name: profileFileName('new'), reason }]);
    await expect(profiles.get('new')).rejects.toThrow(reason);
    await expect(profiles.save({ name: 'New', settings }, replace)).rejects.toMatchObject({ code: 'store-newer' });
    await expect(profiles.delete('new')).rejects.toThrow('left as it is');
    const text = JSON.stringify({ format: 'wherry-profiles', version: 1, profiles: [{ name: 'new', settings }] });
    await expect(profiles.import(text, replace)).rejects.toThrow('left as it is');
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it.each([
    ['nothing', '', 'expected JSON'],
    ['half a file', '{"format":"wherry-profile","versi', 'expected JSON'],
    ['another format', { format: 'wherry-run', version: 1 }, 'expected a JSON object with "format": "wherry-profile"'],
    ['a list', '[]', 'expected a JSON object'],
    ['no version', { format: 'wherry-profile', name: 'bad', settings }, 'a "version" number'],
    ['version 0', { ...stored('bad', { settings }), version: 0 }, 'a "version" number'],
    ['no settings', stored('bad'), 'expected an object of settings'],
    [
      'a setting out of range',
      stored('bad', { settings: { level: 99 } }),
      'Compression level: expected a whole number',
    ],
    ['a setting from elsewhere', stored('bad', { settings: { warp: 9 } }), 'this version does not know warp'],
    ['another name', stored('good', { settings }), 'the profile "good" does not belong in this file'],
    ['a shipped name', stored('Slow link', { settings }), 'does not belong'],
    ['no name', { format: 'wherry-profile', version: 1, settings }, 'Profile name: expected text'],
    ['too much', ' '.repeat(64 * 1024 + 1), 'expected at most 65536 bytes'],
  ])('with %s is refused with the reason, and the rest kept', async (_, content, reason) => {
    const folder = testFolder();
    const profiles = new Profiles(folder);
    await profiles.save({ name: 'rest', settings }, keep);
    const file = put(folder, 'bad', content);
    const { refused } = await profiles.list();
    expect(refused.map((each) => each.file)).toEqual([file]);
    expect(refused[0]?.reason).toContain(reason);
    expect(await ownNames(profiles)).toEqual(['rest']);
    await expect(profiles.get('bad')).rejects.toThrow(reason);
    await profiles.save({ name: 'bad', settings }, replace);
    expect(await ownNames(profiles)).toEqual(['bad', 'rest']);
  });

  it('may be anything at all', async () => {
    const folder = testFolder();
    const profiles = new Profiles(folder);
    await profiles.save({ name: 'rest', settings }, keep);
    const hostile = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record({
          format: fc.constant('wherry-profile'),
          version: fc.anything(),
          name: fc.anything(),
          settings: fc.anything(),
        })
        .map((value) => JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? 'big' : each))),
    );
    await fc.assert(
      fc.asyncProperty(hostile, async (text) => {
        put(folder, 'bad', text);
        const { refused } = await profiles.list();
        expect(refused).toHaveLength(1);
        expect(await ownNames(profiles)).toEqual(['rest']);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['damaged', '{"format":'],
    ['newer', { ...stored('bad'), version: 2 }],
  ])('that is %s is removed by its name, and nothing else is', async (_, content) => {
    const folder = testFolder();
    const profiles = new Profiles(join(folder, 'profiles'));
    await profiles.save({ name: 'rest', settings }, keep);
    const outside = join(folder, 'window.json');
    writeFileSync(outside, '{');
    const file = put(join(folder, 'profiles'), 'bad', content);
    const before = readFileSync(file, 'utf8');
    const good = profileFileName('rest');
    for (const name of [good, '../window.json', 'window.json', outside, '', '.', profileFileName('none')]) {
      await expect(profiles.removeRefused(name), name).rejects.toMatchObject({ code: 'usage' });
    }
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(readFileSync(outside, 'utf8')).toBe('{');

    await profiles.removeRefused(profileFileName('bad'));
    expect(await profiles.list()).toMatchObject({ refused: [] });
    expect(readdirSync(join(folder, 'profiles'))).toEqual([good]);
    await expect(profiles.removeRefused(profileFileName('bad'))).rejects.toThrow('there is no refused file');
  });

  it('that was mended meanwhile is not removed', async () => {
    const folder = testFolder();
    const profiles = new Profiles(folder);
    put(folder, 'bad', '{');
    const [refused] = (await profiles.list()).refused;
    put(folder, 'bad', stored('bad', { settings }));
    await expect(profiles.removeRefused(refused?.name ?? '')).rejects.toThrow('can be read now, so it was not removed');
    expect(await ownNames(profiles)).toEqual(['bad']);
  });

  it('that is a folder stops neither the list nor itself from being refused', async () => {
    const folder = testFolder();
    mkdirSync(join(folder, profileFileName('bad')));
    const profiles = new Profiles(folder);
    expect((await profiles.list()).refused[0]?.reason).toContain('expected a plain file');
    await expect(profiles.save({ name: 'bad', settings }, replace)).rejects.toThrow('found a folder');
    await expect(profiles.removeRefused(profileFileName('bad'))).rejects.toThrow('what it holds is not known');
  });
});
