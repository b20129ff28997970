import { join } from 'node:path';
import { BrowserWindow, nativeTheme, screen } from 'electron';
import { pageUrl } from './page-address';
import { fitPlace } from './place';
import type { WindowMemory } from './window-memory';

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
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
    },
  };
}

/** Makes the console's window, where and as it was last; `loadPage` fills it. */
export function createWindow(memory: WindowMemory): BrowserWindow {
  nativeTheme.themeSource = memory.current.theme;
  const window = new BrowserWindow(windowOptions(nativeTheme.shouldUseDarkColors));
  restorePlace(window, memory);
  window.once('ready-to-show', () => window.show());
  return window;
}

/** Loads the console's page; rejects when it is not there. */
export function loadPage(window: BrowserWindow): Promise<void> {
  return window.loadURL(pageUrl);
}

function restorePlace(window: BrowserWindow, memory: WindowMemory): void {
  const { place, maximized } = memory.current;
  if (place !== undefined) {
    const main = screen.getPrimaryDisplay();
    const others = screen.getAllDisplays().filter(({ id }) => id !== main.id);
    window.setBounds(
      fitPlace(
        place,
        [main, ...others].map(({ workArea }) => workArea),
      ),
    );
  }
  if (maximized) window.maximize();
  window.webContents.on('did-finish-load', () => window.webContents.setZoomLevel(memory.current.zoom));
  const keep = (): void => {
    if (window.isDestroyed() || window.isMinimized() || window.isFullScreen()) return;
    memory.change({ maximized: window.isMaximized(), place: window.getNormalBounds() });
  };
  for (const event of ['resize', 'move', 'maximize', 'unmaximize', 'close'] as const) {
    window.on(event as 'resize', keep);
  }
}
