import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { plainFiles } from './dist-debian.mjs';
import { markOf } from './dist-folder.mjs';
import { offlineRuntime } from './electron-runtime.mjs';

describe('a package', () => {
  const { version } = offlineRuntime;

  it.each([
    ['downloaded', '45.4.1'],
    ['override', '45.4.1'],
    ['override', undefined],
  ] as const)('made with the normal runtime is not marked: %s, %s', (from, its) => {
    expect(markOf('0.1.0', { path: '/electron', version: its, from })).toEqual({ version: '0.1.0', offline: false });
  });

  it.each(['offline runtime', 'override'] as const)('made with the offline runtime is marked: %s', (from) => {
    const marked = { version: `0.1.0~offline${version}`, offline: true };
    expect(markOf('0.1.0', { path: '/electron', version, from })).toEqual(marked);
  });

  it('has every file that is there for it', () => {
    const there = readdirSync('packaging').map((name) => `packaging/${name}`);
    // The command's own file lies beside the runtime.
    expect([...Object.keys(plainFiles), 'packaging/wherry']).toEqual(expect.arrayContaining(there));
  });

  it('has a service whose pairing file has pairing texts only, and whose folder outlasts it', () => {
    const unit = readFileSync('packaging/wherry-receive@.service', 'utf8').split('\n');
    // systemd's own defaults are the output's file for both, and a folder that goes with the service.
    expect(unit).toEqual(expect.arrayContaining(['StandardError=journal', 'RuntimeDirectoryPreserve=yes']));
  });
});
