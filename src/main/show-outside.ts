import { Notification, type BrowserWindow } from 'electron';
import type { RunView } from '../shared/contract';
import type { Snapshot } from '../shared/snapshot';
import { endNote, outsideView, type Progress } from './outside';

/** What the window's surroundings are told of a run. */
export interface ShowOutside {
  run(view: RunView): void;
  snapshot(snapshot: Snapshot): void;
}

/** Shows a run in the taskbar, in the window's title and, at its end, in a notification. */
export function showOutside(window: BrowserWindow): ShowOutside {
  let run: RunView | undefined;
  let snapshot: Snapshot | undefined;
  let pageTitle = window.getTitle();

  function show(): void {
    if (window.isDestroyed()) return;
    const { title, progress } = outsideView(run, snapshot);
    window.setTitle(title === undefined ? pageTitle : `${title} · ${pageTitle}`);
    setProgress(window, progress);
  }

  window.on('page-title-updated', (event, title) => {
    event.preventDefault();
    pageTitle = title;
    show();
  });
  // A bad end has been seen.
  window.on('focus', () => {
    if (run?.report !== undefined) window.setProgressBar(-1);
  });

  return {
    run(view) {
      run = view;
      snapshot = view.snapshot;
      show();
      if (!window.isDestroyed() && !window.isFocused()) notify(window, view);
    },
    snapshot(next) {
      snapshot = next;
      show();
    },
  };
}

function setProgress(window: BrowserWindow, progress: Progress): void {
  if (progress.kind === 'none') window.setProgressBar(-1);
  else if (progress.kind === 'unknown') window.setProgressBar(2, { mode: 'indeterminate' });
  else window.setProgressBar(progress.share, { mode: progress.mode });
}

/** Shown notifications; one that nobody holds is collected, and a click on it would be lost. */
const shown = new Set<Notification>();

function notify(window: BrowserWindow, view: RunView): void {
  const note = endNote(view);
  if (note === undefined || !Notification.isSupported()) return;
  const notification = new Notification({ ...note, silent: false });
  shown.add(notification);
  notification.on('click', () => {
    if (window.isDestroyed()) return;
    window.show();
    window.focus();
  });
  notification.on('close', () => shown.delete(notification));
  notification.show();
}
