import { expect, test } from '@playwright/test';
import { callNames, pushNames } from '../src/shared/contract';
import { ConsoleApp } from './app';

let app: ConsoleApp;

test.beforeAll(async () => {
  app = await ConsoleApp.launch();
});

test.afterAll(async () => {
  await app.close();
});

test('the page has no Node and only the contract on its window', async () => {
  const seen = await app.page.evaluate(() => ({
    node: ['require', 'process', 'module', 'Buffer', 'electron'].filter((name) => name in window),
    bridge: Object.keys(window.wherry),
    calls: Object.keys(window.wherry.calls),
    pushes: Object.keys(window.wherry.pushes),
    kinds: [...Object.values(window.wherry.calls), ...Object.values(window.wherry.pushes)].map((each) => typeof each),
  }));
  expect(seen.node).toEqual([]);
  expect(seen.bridge).toEqual(['calls', 'pushes']);
  expect(seen.calls).toEqual(callNames);
  expect(seen.pushes).toEqual(pushNames);
  expect(new Set(seen.kinds)).toEqual(new Set(['function']));
});

test('the page is isolated and sandboxed', async () => {
  const preferences = await app.electron.evaluate(({ BrowserWindow }) => {
    const [window] = BrowserWindow.getAllWindows();
    const contents = window?.webContents as unknown as { getLastWebPreferences(): Record<string, unknown> };
    return contents.getLastWebPreferences();
  });
  expect(preferences).toMatchObject({
    contextIsolation: true,
    sandbox: true,
    webSecurity: true,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
    nodeIntegration: false,
    nodeIntegrationInSubFrames: false,
    webviewTag: false,
  });
  // Those that Electron lists only where they are on.
  for (const name of ['nodeIntegrationInWorker', 'navigateOnDragDrop', 'enableBlinkFeatures']) {
    expect(preferences[name]).toBeFalsy();
  }
});

test('what the preload gives cannot be changed by the page, nor Electron be reached through it', async () => {
  const seen = await app.page.evaluate(() => {
    const before = window.wherry.calls.readConsole;
    const own = { readConsole: () => 'mine', theme: () => 'mine', more: 1 };
    for (const each of [window, window.wherry, window.wherry.calls, window.wherry.pushes]) {
      try {
        Object.assign(each, each === window ? { wherry: own } : own);
      } catch {
        // frozen: as it should be
      }
    }
    const frozen = [window.wherry, window.wherry.calls, window.wherry.pushes].every(
      (each) => Object.isFrozen(each) && !('more' in each),
    );
    const reached = [window.wherry, window.wherry.calls, window.wherry.pushes].flatMap((each) =>
      ['ipcRenderer', 'invoke', 'send', 'on', 'shell', 'openExternal'].filter((name) => name in each),
    );
    return { same: window.wherry.calls.readConsole === before, frozen, reached };
  });
  expect(seen).toEqual({ same: true, frozen: true, reached: [] });
});

test('a push brings its value and never the event that carried it', async () => {
  const seen = await app.page.evaluate(async () => {
    const heard = new Promise<unknown[]>((resolve) => {
      const end = window.wherry.pushes.theme((...values: unknown[]) => {
        end();
        resolve(values);
      });
    });
    await window.wherry.calls.chooseTheme({ theme: 'system' });
    return heard;
  });
  expect(seen).toEqual(['system']);
});

test('embeds no web page as a <webview>, and none in a frame', async () => {
  const before = await app.electron.evaluate(({ webContents }) => webContents.getAllWebContents().length);
  await app.page.evaluate(() => {
    const view = document.createElement('webview');
    view.setAttribute('src', 'https://example.com/');
    document.body.append(view);
  });
  expect(
    await app.page.evaluate(
      () =>
        document.querySelector('webview') instanceof HTMLUnknownElement ||
        !('getURL' in (document.querySelector('webview') ?? {})),
    ),
  ).toBe(true);
  expect(await app.electron.evaluate(({ webContents }) => webContents.getAllWebContents().length)).toBe(before);
});

test('gives every device and every kind of permission the same answer', async () => {
  const denied = await app.page.evaluate(async () => {
    const names = [
      'geolocation',
      'notifications',
      'camera',
      'microphone',
      'midi',
      'clipboard-read',
    ] as PermissionName[];
    const states = await Promise.all(names.map(async (name) => (await navigator.permissions.query({ name })).state));
    const clipboard = await navigator.clipboard.readText().then(
      () => 'read',
      (error: Error) => error.name,
    );
    const written = await navigator.clipboard.writeText('mine').then(
      () => 'written',
      (error: Error) => error.name,
    );
    const media = await navigator.mediaDevices.getUserMedia({ audio: true }).then(
      () => 'opened',
      (error: Error) => error.name,
    );
    return { states, clipboard, written, media };
  });
  expect(new Set(denied.states)).toEqual(new Set(['denied']));
  expect(denied.clipboard).toBe('NotAllowedError');
  expect(denied.written).toBe('NotAllowedError');
  expect(denied.media).toMatch(/^Not(Allowed|Found)Error$/);
});

test('nothing is loaded from elsewhere', async () => {
  const loaded = await app.page.evaluate(() =>
    [...document.querySelectorAll('script, link, img, iframe, video')].map(
      (element) => (element as HTMLScriptElement).src || (element as HTMLLinkElement).href,
    ),
  );
  expect(loaded.length).toBeGreaterThan(0);
  const fetched = await app.page.evaluate(() =>
    [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map(
      ({ name }) => name,
    ),
  );
  expect(fetched.length).toBeGreaterThan(0);
  for (const address of [...loaded, ...fetched]) expect(address).toMatch(/^app:\/\/console\//);
  const policy = await app.electron.evaluate(async ({ net }) =>
    (await net.fetch('app://console/index.html')).headers.get('content-security-policy'),
  );
  expect(policy?.split('; ')[0]).toBe("default-src 'none'");
  expect(policy).not.toMatch(/unsafe-|https?:|\*|data:|blob:/);
  // The page says the same of itself, but for what can be said in a header only.
  const meta = await app.page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
  expect(meta?.split('; ').filter((each) => policy?.split('; ').includes(each) !== true)).toEqual([]);
  expect(meta?.split('; ')[0]).toBe("default-src 'none'");
});

test('goes nowhere else and opens no window', async () => {
  const opened = await app.page.evaluate(() => {
    location.href = 'https://example.com/';
    return window.open('https://example.com/');
  });
  expect(opened).toBeNull();
  await app.page.evaluate(() => (location.href = 'file:///etc/passwd'));
  const addresses = await app.electron.evaluate(({ webContents }) =>
    webContents.getAllWebContents().map((each) => each.getURL()),
  );
  expect(addresses).toEqual(['app://console/index.html']);
});

test('loads, evaluates and embeds nothing that is not its own', async () => {
  const refused = await app.page.evaluate(async () => {
    const directives: string[] = [];
    addEventListener('securitypolicyviolation', (event) => directives.push(event.effectiveDirective));
    await fetch('https://example.com/').catch(() => undefined);
    const frame = document.createElement('iframe');
    frame.src = 'https://example.com/';
    const image = document.createElement('img');
    image.src = 'https://example.com/a.png';
    const style = document.createElement('style');
    style.textContent = 'body { color: red }';
    document.body.append(frame, image, style);
    const text = (write: () => void): string => {
      try {
        write();
      } catch (error) {
        return (error as Error).name;
      }
      return 'taken';
    };
    const [button, script] = [document.createElement('button'), document.createElement('script')];
    const texts = [
      text(() => (button.innerHTML = '<b>mine</b>')),
      text(() => button.setAttribute('onclick', 'document.title = "mine"')),
      text(() => (script.text = 'document.title = "mine"')),
    ];
    // What the test runs itself may evaluate text; what the page runs later may not.
    const evaluated = await new Promise<string>((resolve) => {
      setTimeout(() => {
        try {
          resolve(String(new Function('return 1')()));
        } catch (error) {
          resolve((error as Error).name);
        }
      });
    });
    while (!['frame-src', 'img-src'].every((each) => directives.includes(each)))
      await new Promise(requestAnimationFrame);
    return { directives: directives.sort(), evaluated, texts };
  });
  expect(refused.evaluated).toBe('EvalError');
  expect(refused.texts).toEqual(['TypeError', 'TypeError', 'TypeError']);
  expect(refused.directives).toEqual(
    expect.arrayContaining(['connect-src', 'frame-src', 'img-src', 'require-trusted-types-for', 'style-src-elem']),
  );
});

test('serves its own files and no others', async () => {
  const statuses = await app.electron.evaluate(async ({ net }) => {
    const urls = [
      'app://console/index.html',
      'app://console/../main/index.cjs',
      'app://console/%2e%2e/main/index.cjs',
      'app://elsewhere/index.html',
    ];
    return Promise.all(urls.map(async (url) => (await net.fetch(url)).status));
  });
  expect(statuses).toEqual([200, 404, 404, 404]);
});

test('grants no permission', async () => {
  const state = await app.page.evaluate(async () => (await navigator.permissions.query({ name: 'geolocation' })).state);
  expect(state).toBe('denied');
});

test('refuses payloads the contract does not allow, with the reason', async () => {
  const outcomes = await app.page.evaluate(async () => {
    const call = window.wherry.calls as unknown as Record<
      string,
      (payload: unknown) => Promise<{ failure?: { code: string; message: string } }>
    >;
    const settings = { method: 'zstd', level: 99 };
    return Promise.all([
      call['addGuest']?.({ address: 7 }),
      call['addGuest']?.({ address: '/x', extra: true }),
      call['startSample']?.({ kind: 'builtin', memoryBytes: -1, workload: 'seed' }),
      call['startMigration']?.({ guestId: 'guest-1', destination: '/x', settings }),
      call['cancelMigration']?.('now'),
      call['startReceiving']?.({ listen: '0.0.0.0:4711; rm -rf /', destination: '/x' }),
      call['chooseTheme']?.({ theme: '<script>' }),
      call['dismissNotice']?.({ id: 'all' }),
      call['copyPairing']?.('other text'),
      call['exportRuns']?.({ ids: ['../../etc/passwd'], format: 'exe' }),
    ]);
  });
  for (const outcome of outcomes)
    expect(outcome?.failure).toMatchObject({ code: 'usage', message: expect.stringMatching(/ refused: /) });
});

test('takes no path from the page: where to write is asked of the operator', async () => {
  const outcomes = await app.page.evaluate(async () => {
    const call = window.wherry.calls as unknown as Record<
      string,
      (payload: unknown) => Promise<{ ok: boolean; failure?: { message: string } }>
    >;
    return Promise.all([
      call['exportRuns']?.({ ids: ['../../../etc/passwd'], format: 'json' }),
      call['deleteRuns']?.({ ids: ['../profiles/x'] }),
      call['removeRefusedRun']?.({ name: '../window.json' }),
      call['removeRefusedProfile']?.({ name: '../../../../etc/hosts.json' }),
      call['removeRefusedProfile']?.({ name: 'window.json' }),
      call['exportRuns']?.({ ids: ['last'], format: 'json', filePath: '/etc/cron.d/x' }),
    ]);
  });
  for (const outcome of outcomes) expect(outcome?.ok).toBe(false);
});

test('answers no page but its own, even one that has the bridge', async () => {
  const outcome: unknown = await app.electron.evaluate(async ({ app, BrowserWindow }) => {
    const preload = `${app.getAppPath()}/out/preload/index.cjs`;
    const stranger = new BrowserWindow({ show: false, webPreferences: { preload, sandbox: true } });
    await stranger.loadURL('data:text/html,stranger');
    const answer: unknown = await stranger.webContents.executeJavaScript('wherry.calls.addGuest({ address: 7 })');
    stranger.destroy();
    return answer;
  });
  expect(outcome).toEqual({
    ok: false,
    failure: { code: 'usage', message: "call refused: expected the console's own page, got data:text/html,stranger" },
  });
});
