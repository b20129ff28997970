import { contextBridge, ipcRenderer } from 'electron';
import { bridgeName, callNames, channelOf, pushNames } from '../shared/contract';

const bridge = {
  calls: Object.fromEntries(
    callNames.map((name) => [name, (payload: unknown) => ipcRenderer.invoke(channelOf(name), payload)]),
  ),
  pushes: Object.fromEntries(
    pushNames.map((name) => [name, (listener: (value: unknown) => void) => on(name, listener)]),
  ),
};

/** Passes values on, never the event: it carries the sender. */
function on(name: (typeof pushNames)[number], listener: (value: unknown) => void): () => void {
  const forward = (_event: unknown, value: unknown): void => listener(value);
  ipcRenderer.on(channelOf(name), forward);
  return () => void ipcRenderer.removeListener(channelOf(name), forward);
}

contextBridge.exposeInMainWorld(bridgeName, bridge);
