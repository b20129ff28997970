import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { thisProcess, type ProcessIdentity } from './processes';
import { isListenedIn, removeLeftovers, temporaryName } from './temporary';

let folder: string;

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'wherry-test-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const self = thisProcess() as ProcessIdentity;
/** Another process had this one's number before. */
const before = { ...self, start: self.start - 1 };

/** A process that has ended by now. */
function ended(): ProcessIdentity {
  return { ...self, pid: spawnSync('true').pid, start: self.start + 1 };
}

function put(name: string): string {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'in'), 'content');
  return name;
}

describe('temporaryName', () => {
  it('is new each time and short enough for a socket’s path', () => {
    const names = [temporaryName(), temporaryName()];
    expect(new Set(names).size).toBe(2);
    expect(Math.max(...names.map(({ length }) => length))).toBeLessThan(48);
    expect(temporaryName(undefined)).toMatch(/^wherry-/);
  });
});

describe('removeLeftovers', () => {
  it('removes the folders and files of processes that have ended, and nothing else', async () => {
    for (const owner of [ended(), before]) {
      put(temporaryName(owner));
      writeFileSync(join(folder, temporaryName(owner)), 'ring');
    }
    const kept = [
      put(temporaryName(self)),
      put(temporaryName({ ...before, namespace: self.namespace + 1 })),
      put('wherry-'),
      put('wherry-sample'),
      put(`${temporaryName(before)}.more`),
      put(`x${temporaryName(before)}`),
    ];
    await removeLeftovers([folder]);
    expect(readdirSync(folder).sort()).toEqual(kept.sort());
  });

  it('keeps a folder for as long as somebody listens in it', async () => {
    const name = put(temporaryName(before));
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(folder, name, 'socket'), resolve));
    await removeLeftovers([folder]);
    expect(readdirSync(join(folder, name))).toContain('socket');
    expect(await isListenedIn(join(folder, name))).toBe(true);
    await new Promise((resolve) => server.close(resolve));
    expect(await isListenedIn(join(folder, name))).toBe(false);
    await removeLeftovers([folder]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leaves other users’ alone', async () => {
    const name = put(temporaryName(before));
    await removeLeftovers([folder], (process.getuid?.() ?? 0) + 1);
    expect(readdirSync(folder)).toEqual([name]);
  });

  it('neither follows nor removes links', async () => {
    const target = put('target');
    const link = temporaryName(before);
    symlinkSync(join(folder, target), join(folder, link));
    const real = put(temporaryName(before));
    symlinkSync(join(folder, target), join(folder, real, 'link'));
    await removeLeftovers([folder]);
    expect(readdirSync(folder).sort()).toEqual([link, target].sort());
    expect(existsSync(join(folder, target, 'in'))).toBe(true);
  });

  it('does not mind a folder that is not there', async () => {
    await expect(removeLeftovers([join(folder, 'none')])).resolves.toBeUndefined();
  });
});
