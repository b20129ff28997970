import { app, type BrowserWindow } from 'electron';

/**
 * One console a data folder: a second one brings the first one's window to the front and ends.
 * @returns whether this is the first
 */
export function setupSingleInstance(window: () => BrowserWindow | undefined): boolean {
  if (!app.requestSingleInstanceLock()) {
    process.stderr.write('wherry: the console is open already; its window has been brought to the front\n');
    app.exit(0);
    return false;
  }
  app.on('second-instance', () => {
    const open = window();
    if (open === undefined || open.isDestroyed()) return;
    if (open.isMinimized()) open.restore();
    open.show();
    open.focus();
  });
  return true;
}
