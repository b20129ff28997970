import { describe, expect, it } from 'vitest';
import { commandLine } from './command-line';
import { defaultSettings } from './settings';

describe('commandLine', () => {
  it('leaves out what is at its default', () => {
    expect(commandLine('/run/a.qmp', 'tcp:host:4444', defaultSettings)).toBe(
      'wherry migrate --source /run/a.qmp --destination tcp:host:4444',
    );
  });

  it('writes settings with the units people use', () => {
    const settings = {
      ...defaultSettings,
      method: 'zlib',
      level: 6,
      xbzrleCacheBytes: 0,
      maxBandwidth: 12.5e6,
      downtimeLimitMs: 1000,
      paused: true,
    } as const;
    expect(commandLine('/a', '/b', settings)).toBe(
      'wherry migrate --source /a --destination /b --method zlib --level 6 --xbzrle-cache 0 ' +
        '--max-bandwidth 100Mbit --downtime-limit 1s --paused',
    );
  });

  it('quotes what a shell would take apart', () => {
    expect(commandLine("/my vm's.qmp", '$(reboot)', defaultSettings)).toBe(
      `wherry migrate --source '/my vm'\\''s.qmp' --destination '$(reboot)'`,
    );
    expect(commandLine('', '/b', defaultSettings)).toContain(`--source '' `);
  });

  it('has a file in the place of a secret', () => {
    expect(commandLine('/a', ` wherry://far:4711?token=${'ab'.repeat(32)}`, defaultSettings)).toBe(
      'wherry migrate --source /a --destination @vm.pairing',
    );
  });
});
