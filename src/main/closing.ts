import { app, dialog } from 'electron';
import type { BrowserWindow } from 'electron';
import { endOnce } from './end-once';
import type { Guests } from './guests';
import type { Receiving } from './receiving';
import type { Runs } from './runs';
import type { WindowMemory } from './window-memory';

/** What would be ended by closing. */
export interface UnderWay {
  /** The guest being migrated from here. */
  readonly leaving?: string;
  /** A guest is on its way in. */
  readonly arriving: boolean;
}

/** The question closing asks while guests are on their way; the first answer is the safe one. */
export function closingQuestion({ leaving, arriving }: UnderWay): Electron.MessageBoxOptions {
  const out =
    'Closing the console cancels the migration. The guest then keeps running on the source, and nothing of it stays ' +
    'on the destination. Sample guests end with the console.';
  const into = 'Closing the console ends the receiver: a guest that is not here yet keeps running where it is.';
  return {
    type: 'question',
    title: 'A migration is running',
    message: leaving === undefined ? 'A guest is arriving here.' : `${leaving} is being migrated.`,
    detail: [...(leaving === undefined ? [] : [out]), ...(arriving ? [into] : [])].join(' '),
    buttons: ['Keep migrating', leaving === undefined ? 'Stop receiving and close' : 'Cancel migration and close'],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
  };
}

/** Signals that ask a program to end; there may be nobody to answer a question then. */
const endSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Ends what we started before the program ends, and asks first when that means cancelling a migration. */
export function setupClosing(
  window: BrowserWindow,
  guests: Guests,
  runs: Runs,
  receiving: Receiving,
  memory: WindowMemory,
): void {
  let asking = false;
  let clear = false;

  // The window shows a migration's end; then it goes, and what takes longer is done without it.
  const end = endOnce(
    [
      () => runs.wind(),
      () => receiving.stop(),
      () => (window.isDestroyed() ? undefined : window.hide()),
      () => guests.stopAll(),
      () => memory.flush(),
    ],
    () => {
      clear = true;
      app.quit();
    },
    (text) => process.stderr.write(`wherry: ${text}\n`),
  );

  async function ask(): Promise<void> {
    const arriving = receiving.busy();
    if (!runs.active() && !arriving) return end();
    const leaving = runs.active() ? (runs.current()?.guestName ?? 'A guest') : undefined;
    const question = closingQuestion({ arriving, ...(leaving !== undefined && { leaving }) });
    const { response } = await dialog.showMessageBox(window, question);
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
