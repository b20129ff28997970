import { describe, expect, it } from 'vitest';
import { callNames } from '../shared/contract';
import { defaultSettings } from '../shared/settings';
import { assertOwnSender, checkPayload } from './guard';

const own = 'app://console/index.html';

describe('assertOwnSender', () => {
  it('lets the top frame of our page call, wherever its hash is', () => {
    assertOwnSender({ url: own, parent: null });
    assertOwnSender({ url: `${own}#live`, parent: null });
  });

  it.each([
    ['another site', { url: 'https://example.com/', parent: null }],
    ['a file', { url: 'file:///index.html', parent: null }],
    ['another host of our scheme', { url: 'app://other/index.html', parent: null }],
    ['our name in another scheme', { url: 'https://console/index.html', parent: null }],
    ['a frame in our page', { url: own, parent: {} }],
    ['no address', { url: '', parent: null }],
    ['a frame that is gone', null],
  ])('refuses %s', (_what, frame) => {
    expect(() => assertOwnSender(frame)).toThrow(/^call refused: expected the console's own page, got /);
  });
});

describe('checkPayload', () => {
  const pngHead = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const order = { guestId: 'guest-1', destination: '/d', settings: defaultSettings };

  it('passes on what the contract allows', () => {
    expect(checkPayload('startMigration', order)).toEqual(order);
    expect(checkPayload('addGuest', { address: ' /run/a.qmp ' })).toEqual({ address: '/run/a.qmp' });
    expect(checkPayload('readConsole', undefined)).toBeUndefined();
    expect(checkPayload('savePicture', { name: 'Wire by class', png: pngHead }).png).toBe(pngHead);
  });

  it.each([
    ['addGuest', undefined],
    ['addGuest', { address: '' }],
    ['addGuest', { address: '/x', more: 1 }],
    ['addGuest', { address: 'x'.repeat(5000) }],
    ['startSample', { kind: 'vmware', memoryBytes: 2 ** 27, workload: 'seed' }],
    ['startSample', { kind: 'builtin', memoryBytes: 2 ** 27 + 1, workload: 'seed' }],
    ['startMigration', { ...order, settings: { ...defaultSettings, level: 99 } }],
    ['startMigration', { ...order, settings: { ...defaultSettings, extra: true } }],
    ['removeGuest', { guestId: 7 }],
    ['cancelMigration', 'now'],
    ['startReceiving', { listen: 'far:away', destination: '/d' }],
    ['startReceiving', { listen: ':70000', destination: '/d' }],
    ['startReceiving', { listen: ':1', destination: '' }],
    ['readRuns', { ids: ['1', '2', '3', '4', '5'] }],
    ['savePicture', { name: '../../etc/cron', png: pngHead }],
    ['savePicture', { name: 'Rate', png: new Uint8Array(8) }],
    ['savePicture', { name: 'Rate', png: [...pngHead] }],
    ['savePicture', { name: 'Rate', png: pngHead, path: '/etc/passwd' }],
    ['removeRefusedProfile', { name: '../window.json' }],
    ['removeRefusedProfile', { name: '/etc/passwd.json' }],
    ['removeRefusedRun', { name: `${'a'.repeat(65)}.json` }],
    ['removeRefusedRun', { name: '20260131T235959123Z-1a2b3c4d.json', folder: '/etc' }],
    ['copyPairing', { text: 'rm -rf /' }],
  ] as const)('refuses %s with %j', (name, payload) => {
    expect(() => checkPayload(name, payload)).toThrow(new RegExp(`^${name} refused: `));
  });

  it.each(callNames)('refuses more than %s knows, and what is nothing like it', (name) => {
    for (const payload of [{ more: 1 }, 'text', 7, [7], null]) {
      expect(() => checkPayload(name, payload), JSON.stringify(payload)).toThrow(new RegExp(`^${name} refused: `));
    }
  });
});
