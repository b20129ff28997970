import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeFiles } from './files';
import { makeFolder } from './make-folder';
import { testFolder } from './testing';

describe('makeFolder', () => {
  it('makes what is missing for its owner alone, and takes what is there', () => {
    const folder = testFolder();
    mkdirSync(join(folder, 'there'), { mode: 0o755 });
    makeFolder(join(folder, 'there', 'a', 'b'));
    makeFolder(join(folder, 'there', 'a', 'b'));
    expect(statSync(join(folder, 'there')).mode & 0o777).toBe(0o755);
    for (const made of ['there/a', 'there/a/b']) expect(statSync(join(folder, made)).mode & 0o777).toBe(0o700);
  });

  it('says where none can be made, and comes back', async () => {
    expect(() => makeFolder('/proc/wherry/profiles')).toThrow('no folder can be made in /proc');
    await expect(writeFiles([{ path: '/proc/wherry/profiles/a.json', text: '' }])).rejects.toThrow(
      'could not write /proc/wherry/profiles/a.json: no folder can be made in /proc',
    );
  });

  it('refuses what has a file or a link to nothing in its way', () => {
    const folder = testFolder();
    writeFileSync(join(folder, 'file'), '');
    symlinkSync(join(folder, 'nowhere'), join(folder, 'link'));
    expect(() => makeFolder(join(folder, 'file', 'a'))).toThrow('ENOTDIR');
    expect(() => makeFolder(join(folder, 'link', 'a'))).toThrow('EEXIST');
  });
});
