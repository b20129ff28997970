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
