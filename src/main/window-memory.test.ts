import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WindowMemory } from './window-memory';

let folder: string;
let file: string;
let problems: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wherry-memory-'));
  file = join(folder, 'window.json');
  problems = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (): Promise<WindowMemory> => WindowMemory.open(file, (text) => problems.push(text));
const first = { theme: 'system', zoom: 0, maximized: false };
const place = { x: 10, y: -20, width: 1280, height: 860 };

describe('WindowMemory', () => {
  it('begins with the system’s theme and no place', async () => {
    expect((await open()).current).toEqual(first);
    expect(problems).toEqual([]);
  });

  it('keeps what changed for the next time', async () => {
    const memory = await open();
    memory.change({ theme: 'dark' });
    memory.change({ place, maximized: true });
    memory.change({ zoom: 1.5 });
    await memory.flush();
    expect((await open()).current).toEqual({ theme: 'dark', zoom: 1.5, maximized: true, place });
  });

  it('writes nothing that has not changed', async () => {
    const memory = await open();
    await memory.flush();
    expect(() => readFileSync(file)).toThrow('ENOENT');
  });

  it.each([
    ['no JSON', '{"format":'],
    ['another file', '{"format":"wherry-profile","version":1}'],
    ['a theme there is not', document({ ...first, theme: 'pink' })],
    ['a place of no size', document({ ...first, place: { ...place, width: 0 } })],
    ['a place beyond all screens', document({ ...first, place: { ...place, x: 1e300 } })],
    ['half a pixel', document({ ...first, place: { ...place, y: 0.5 } })],
    ['a zoom of ten thousand', document({ ...first, zoom: 10_000 })],
    ['more than is known', document({ ...first, command: 'rm' })],
    ['a flood', ' '.repeat(70_000)],
  ])('ignores %s, says so, and goes on', async (_, text) => {
    writeFileSync(file, text);
    const memory = await open();
    expect(memory.current).toEqual(first);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(file);
    memory.change({ theme: 'light' });
    await memory.flush();
    expect((await open()).current.theme).toBe('light');
  });

  it('leaves alone what a newer version wrote', async () => {
    const newer = document(first).replace('"version":1', '"version":2');
    writeFileSync(file, newer);
    const memory = await open();
    memory.change({ theme: 'dark' });
    await memory.flush();
    expect(readFileSync(file, 'utf8')).toBe(newer);
    expect(problems[0]).toContain('newer');
  });

  it('says when it cannot be kept', async () => {
    const memory = await open();
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    memory.change({ theme: 'dark' });
    await memory.flush();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/not remembered: could not write .*window\.json/);
  });
});

function document(content: object): string {
  return JSON.stringify({ format: 'wherry-window', version: 1, ...content });
}
