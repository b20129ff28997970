import { EventEmitter } from 'node:events';
import { expect, it, vi } from 'vitest';
import { setupSecurity } from './security';

/** What is asked of Electron, kept to be called as Electron would. */
const electron = vi.hoisted(() => ({
  listeners: new Map<string, (event: unknown, contents: unknown) => void>(),
  handlers: new Map<string, (...args: readonly unknown[]) => unknown>(),
}));
vi.mock('electron', () => {
  const keep = (name: string) => (handler: (...args: readonly unknown[]) => unknown) => {
    electron.handlers.set(name, handler);
  };
  return {
    app: {
      on: (name: string, listener: (event: unknown, contents: unknown) => void) =>
        electron.listeners.set(name, listener),
      whenReady: () => Promise.resolve(),
    },
    session: {
      defaultSession: {
        setPermissionRequestHandler: keep('request'),
        setPermissionCheckHandler: keep('check'),
        setDevicePermissionHandler: keep('device'),
      },
    },
  };
});

/** The contents of any page, as Electron makes them. */
async function page() {
  setupSecurity();
  await Promise.resolve();
  const contents = Object.assign(new EventEmitter(), {
    setWindowOpenHandler: vi.fn<(decide: () => { readonly action: string }) => void>(),
  });
  electron.listeners.get('web-contents-created')?.({}, contents);
  const prevented = (name: string, event: object = {}): boolean => {
    const preventDefault = vi.fn();
    contents.emit(name, { ...event, preventDefault });
    return preventDefault.mock.calls.length > 0;
  };
  return { contents, prevented };
}

it('prevents every navigation, redirection and embedded page, and every window', async () => {
  const { contents, prevented } = await page();
  for (const name of ['will-navigate', 'will-redirect', 'will-attach-webview'])
    expect(prevented(name), name).toBe(true);
  const frame = 'will-frame-navigate';
  expect(prevented(frame, { isMainFrame: true, url: 'app://console/index.html' })).toBe(false);
  expect(prevented(frame, { isMainFrame: false, url: 'app://console/index.html' })).toBe(true);
  expect(prevented(frame, { isMainFrame: true, url: 'https://example.com/' })).toBe(true);
  expect(contents.setWindowOpenHandler.mock.lastCall?.[0]()).toEqual({ action: 'deny' });
});

it('denies every request, every check and every device', async () => {
  await page();
  const [request, check, device] = ['request', 'check', 'device'].map((name) => electron.handlers.get(name));
  for (const permission of ['media', 'clipboard-read', 'clipboard-sanitized-write', 'usb', 'what is to come']) {
    const decide = vi.fn();
    request?.({}, permission, decide);
    expect(decide.mock.calls).toEqual([[false]]);
    expect(check?.({}, permission)).toBe(false);
  }
  for (const deviceType of ['hid', 'serial', 'usb']) expect(device?.({ deviceType })).toBe(false);
});
