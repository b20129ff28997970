import { expect, test } from '@playwright/test';
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
    calls: Object.keys(window.wherry.calls).sort(),
  }));
  expect(seen.node).toEqual([]);
  expect(seen.bridge).toEqual(['calls', 'pushes']);
  expect(seen.calls).toContain('startMigration');
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
    nodeIntegration: false,
    webviewTag: false,
  });
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
    document.body.append(frame);
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
    while (!directives.includes('frame-src')) await new Promise(requestAnimationFrame);
    return { directives: directives.sort(), evaluated };
  });
  expect(refused.evaluated).toBe('EvalError');
  expect(refused.directives).toEqual(expect.arrayContaining(['connect-src', 'frame-src']));
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
    ]);
  });
  for (const outcome of outcomes)
    expect(outcome?.failure).toMatchObject({ code: 'usage', message: expect.stringMatching(/ refused: /) });
});

test('answers no page but its own, even one that has the bridge', async () => {
  const outcome: unknown = await app.electron.evaluate(async ({ app, BrowserWindow }) => {
    const preload = `${app.getAppPath()}/out/preload/index.cjs`;
    const stranger = new BrowserWindow({ show: false, webPreferences: { preload, sandbox: true } });
    await stranger.loadURL('data:text/html,stranger');
    const answer: unknown = await stranger.webContents.executeJavaScript('wherry.calls.readConsole()');
    stranger.destroy();
    return answer;
  });
  expect(outcome).toEqual({
    ok: false,
    failure: { code: 'usage', message: "call refused: expected the console's own page, got data:text/html,stranger" },
  });
});
