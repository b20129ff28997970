import type { BrowserWindow } from 'electron';
import { channelOf } from '../shared/contract';
import type { PushName, PushValue } from '../shared/contract';

/** Tells the window something unasked; nobody listening is fine. */
export type Publish = <Name extends PushName>(name: Name, value: PushValue<Name>) => void;

/** Publishes to whichever window is there at the time. */
export function publishTo(window: () => BrowserWindow | undefined): Publish {
  return (name, value) => {
    const target = window();
    if (target !== undefined && !target.isDestroyed()) target.webContents.send(channelOf(name), value);
  };
}

/** What somebody in this process does with what is published. */
export type PushListeners = { readonly [Name in PushName]?: (value: PushValue<Name>) => void };

/** Publishes to listeners in this process. */
export function publishHere(listeners: () => PushListeners): Publish {
  return (name, value) => listeners()[name]?.(value);
}
