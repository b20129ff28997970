import { join } from 'node:path';
import { BrowserWindow, nativeTheme } from 'electron';
import { pageUrl } from './page-address';

/** The window's options: the page gets no Node, its own world, and a sandbox. */
export function windowOptions(dark: boolean): Electron.BrowserWindowConstructorOptions {
  return {
    title: 'Wherry',
    width: 1280,
    height: 860,
    minWidth: 1024,
    minHeight: 640,
    useContentSize: true,
    show: false,
    autoHideMenuBar: true,
    backgroundColor: dark ? '#14171a' : '#f6f7f8',
    webPreferences: {
      preload: join(__dirname, '../preload/index.cjs'),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      spellcheck: false,
    },
  };
}

/** Opens the console's window. */
export async function openWindow(): Promise<BrowserWindow> {
  const window = new BrowserWindow(windowOptions(nativeTheme.shouldUseDarkColors));
  window.once('ready-to-show', () => window.show());
  // The page holds nothing that the main process does not: a crashed one is loaded again while the migration goes on.
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason !== 'clean-exit') window.reload();
  });
  await window.loadURL(pageUrl);
  return window;
}
