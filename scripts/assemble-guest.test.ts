import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = path.join(__dirname, 'assemble-guest.mjs');
const committed = path.join(__dirname, '../resources/sample-guest.img');

describe('assemble-guest', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'wherry-assemble-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('gives the committed image again, byte for byte', () => {
    const image = path.join(folder, 'guest.img');
    execFileSync(process.execPath, [script, image]);
    expect(readFileSync(image).equals(readFileSync(committed))).toBe(true);
  });

  it('is one boot sector', () => {
    const image = readFileSync(committed);
    expect(image.length).toBe(512);
    expect(image.readUInt16LE(510)).toBe(0xaa55);
  });
});
