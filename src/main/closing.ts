import { app, dialog } from 'electron';
import type { BrowserWindow } from 'electron';
import { sampleKinds } from '../shared/guest';
import { closingQuestion, type UnderWay } from './closing-question';
import { endOnce } from './end-once';
import type { Guests } from './guests';
import type { Receiving } from './receiving';
import type { Runs } from './runs';
import type { WindowMemory } from './window-memory';

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

  function isSample(guestId: string): boolean {
    const origin = guests.list().find(({ id }) => id === guestId)?.origin;
    return sampleKinds.some((kind) => kind === origin);
  }

  function leaving(): Pick<UnderWay, 'leaving'> {
    const run = runs.active() ? runs.current() : undefined;
    if (run === undefined) return {};
    const { guestName: name, guestId, snapshot } = run;
    return { leaving: { name, snapshot, sample: isSample(guestId) } };
  }

  async function ask(): Promise<void> {
    const arriving = receiving.busy();
    if (!runs.active() && !arriving) return end();
    const { buttons, ...question } = closingQuestion({ arriving, ...leaving() });
    const answers = { buttons: [...buttons], defaultId: 0, cancelId: 0, noLink: true };
    const { response } = await dialog.showMessageBox(window, { type: 'question', ...question, ...answers });
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
