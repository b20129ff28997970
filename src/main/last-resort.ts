import { dialog, type BrowserWindow } from 'electron';
import { toFailure } from '../shared/failure';
import type { Notices } from './notices';

/** Pages that ended in so short a time, ms, are not loaded again without asking. */
const crashWindowMs = 60_000;
const maxCrashes = 3;

/** What nobody caught is said in the window; the engine's own promise, that the guest stays on the source, holds. */
export function setupLastResort(notices: Notices): void {
  const tell = (error: unknown): void =>
    notices.add(
      `Something went wrong inside the console: ${toFailure(error).message}. What is running goes on; if anything ` +
        'looks wrong, let it end and start the console again.',
    );
  process.on('uncaughtException', tell);
  process.on('unhandledRejection', tell);
}

/**
 * Loads a page that ended again: it holds nothing that the main process does not, so a migration goes on meanwhile.
 * One that keeps ending is loaded again when the operator says so.
 */
export function setupPageRecovery(window: BrowserWindow, notices: Notices, now: () => number = Date.now): void {
  let crashes: readonly number[] = [];
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason === 'clean-exit' || window.isDestroyed()) return;
    crashes = [...crashes.filter((at) => now() - at < crashWindowMs), now()];
    const what = `The window’s page ended (${reasons[reason] ?? reason})`;
    if (crashes.length < maxCrashes) {
      notices.add(`${what} and was loaded again. Migrations do not run in it: nothing happened to them.`);
      window.reload();
      return;
    }
    void dialog
      .showMessageBox(window, {
        type: 'error',
        title: 'The window keeps failing',
        message: `${what}, ${crashes.length} times within a minute.`,
        detail: 'Migrations do not run in it: they go on. `wherry history list` shows how they end.',
        buttons: ['Load it again', 'Leave it'],
        noLink: true,
      })
      .then(({ response }) => {
        if (response === 0 && !window.isDestroyed()) window.reload();
      });
  });
}

const reasons: Readonly<Record<string, string>> = {
  'abnormal-exit': 'it gave up',
  killed: 'it was killed',
  crashed: 'it crashed',
  oom: 'memory ran out',
  'launch-failed': 'its process could not be started',
  'integrity-failure': 'its code was not whole',
  'memory-eviction': 'memory ran short',
};
