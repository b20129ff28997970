import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listFiles, readText, removeFile, removeLeftovers, writeFiles } from './files';
import { testFolder } from './testing';

describe('writeFiles', () => {
  it('makes the folder, writes whole files for the user alone and leaves nothing beside them', async () => {
    const folder = join(testFolder(), 'deep', 'er');
    await writeFiles([
      { path: join(folder, 'a'), text: 'één' },
      { path: join(folder, 'b'), text: '' },
    ]);
    expect(readdirSync(folder)).toEqual(['a', 'b']);
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('één');
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o600);
  });

  it('changes nothing when one of the files cannot be written', async () => {
    const folder = testFolder();
    writeFileSync(join(folder, 'a'), 'old');
    mkdirSync(join(folder, 'b'));
    const files = [
      { path: join(folder, 'a'), text: 'new' },
      { path: join(folder, 'b'), text: 'new' },
    ];
    await expect(writeFiles(files)).rejects.toMatchObject({ code: 'store' });
    expect(readdirSync(folder)).toEqual(['a', 'b']);
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('old');
  });

  it('says where it could not', async () => {
    const folder = testFolder();
    writeFileSync(join(folder, 'plain'), '');
    const path = join(folder, 'plain', 'a');
    await expect(writeFiles([{ path, text: '' }])).rejects.toThrow(/could not write [^;]*$/);
    await expect(writeFiles([{ path, text: '' }], 'try that')).rejects.toThrow(/could not write .*; try that$/);
  });
});

describe('readText', () => {
  it('has nothing for a file that is not there', async () => {
    expect(await readText(join(testFolder(), 'a'), 10)).toBeUndefined();
  });

  it('takes a file up to the cap and none above', async () => {
    const path = join(testFolder(), 'a');
    writeFileSync(path, 'x'.repeat(10));
    expect(await readText(path, 10)).toBe('x'.repeat(10));
    await expect(readText(path, 9)).rejects.toThrow(`${path}: expected at most 9 bytes, got 10`);
  });

  it('refuses what is no text, a folder, and a pipe without waiting for it', async () => {
    const folder = testFolder();
    writeFileSync(join(folder, 'binary'), Buffer.from([0xff, 0xfe]));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    await expect(readText(join(folder, 'binary'), 10)).rejects.toMatchObject({ code: 'store' });
    await expect(readText(join(folder, 'pipe'), 10)).rejects.toThrow('expected a plain file');
    await expect(readText(folder, 10_000)).rejects.toThrow('expected a plain file');
  });
});

describe('a folder', () => {
  it('lists what fits the pattern, and nothing when it is not there', async () => {
    const folder = testFolder();
    for (const name of ['b.json', 'a.json', 'c.txt']) writeFileSync(join(folder, name), '');
    expect(await listFiles(folder, /\.json$/)).toEqual([join(folder, 'a.json'), join(folder, 'b.json')]);
    expect(await listFiles(join(folder, 'none'), /./)).toEqual([]);
    await expect(listFiles(join(folder, 'a.json'), /./)).rejects.toThrow(/^could not read .*; set WHERRY_DATA_DIR to/);
  });

  it('loses old leftovers and nothing else', async () => {
    const folder = testFolder();
    const [old, young] = ['.a.json.0123456789abcdef.tmp', '.b.json.0123456789abcdef.tmp'];
    for (const name of [old, young, 'a.json', '.mine.tmp']) writeFileSync(join(folder, name), '');
    const twoHoursAgo = Date.now() / 1000 - 7200;
    for (const name of [old, 'a.json', '.mine.tmp']) utimesSync(join(folder, name), twoHoursAgo, twoHoursAgo);
    await removeLeftovers(folder);
    expect(readdirSync(folder)).toEqual([young, '.mine.tmp', 'a.json'].sort());
  });

  it('forgets a file, also one that is gone', async () => {
    const path = join(testFolder(), 'a');
    writeFileSync(path, '');
    await removeFile(path);
    await removeFile(path);
    expect(existsSync(path)).toBe(false);
  });
});
