import { app, dialog } from 'electron';
import type { BrowserWindow } from 'electron';
import { endOnce } from './end-once';
import type { Guests } from './guests';
import type { Runs } from './runs';

/** The question closing asks while a migration runs; the first answer is the safe one. */
export function closingQuestion(guestName: string): Electron.MessageBoxOptions {
  return {
    type: 'question',
    title: 'A migration is running',
    message: `${guestName} is being migrated.`,
    detail:
      'Closing the console cancels the migration. The guest then keeps running on the source, and nothing of it stays ' +
      'on the destination. Sample guests end with the console.',
    buttons: ['Keep migrating', 'Cancel migration and close'],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
  };
}

/** Signals that ask a program to end; there may be nobody to answer a question then. */
const endSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Ends what we started before the program ends, and asks first when that means cancelling a migration. */
export function setupClosing(window: BrowserWindow, guests: Guests, runs: Runs): void {
  let asking = false;
  let clear = false;

  // The window shows a migration's end; then it goes, and what takes longer is done without it.
  const end = endOnce(
    [() => runs.wind(), () => (window.isDestroyed() ? undefined : window.hide()), () => guests.stopAll()],
    () => {
      clear = true;
      app.quit();
    },
    (text) => process.stderr.write(`wherry: ${text}\n`),
  );

  async function ask(): Promise<void> {
    if (!runs.active()) return end();
    const guestName = runs.current()?.guestName ?? 'A guest';
    const { response } = await dialog.showMessageBox(window, closingQuestion(guestName));
    if (response !== 0) await end();
  }

  window.on('close', (event) => {
    if (clear) return;
    event.preventDefault();
    if (asking) return;
    asking = true;
    void ask().finally(() => (asking = false));
  });
  // For good: a second signal must not end us in the middle of ending.
  for (const signal of endSignals) process.on(signal, () => void end());
}
