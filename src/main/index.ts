import { homedir } from 'node:os';
import { join } from 'node:path';
import { app } from 'electron';
import type { BrowserWindow } from 'electron';
import { ReceiveServer } from '../engine/receive-server';
import { dataFolder } from '../engine/store/data-folder';
import { openStores } from '../engine/store/stores';
import { removeLeftovers } from '../host/temporary';
import { setupClosing } from './closing';
import { setupFolders } from './folders';
import { Guests } from './guests';
import { createHandlers } from './handlers';
import { historyCalls } from './history-calls';
import { setupIpc } from './ipc';
import { profileCalls } from './profile-calls';
import { probeGuest } from './probe';
import { publishTo } from './publish';
import { Receiving } from './receiving';
import { createRuns } from './runs';
import { availableSamples, startSample } from './samples';
import { setupScheme } from './scheme';
import { setupSecurity } from './security';
import { spawnUtility } from './spawn-utility';
import { openWindow } from './window';

void removeLeftovers();
setupFolders(process.env);
setupSecurity();
setupScheme(join(__dirname, '../renderer'));

let window: BrowserWindow | undefined;
const publish = publishTo(() => window);
const guests = new Guests({ probe: probeGuest, startSample }, publish);
const { history, profiles } = openStores(dataFolder(process.env, homedir()));
const runs = createRuns(guests, spawnUtility, history, publish);
const receiving = new Receiving((options) => ReceiveServer.listen(options), spawnUtility, publish);
const stored = { ...historyCalls(history), ...profileCalls(profiles) };
setupIpc(createHandlers(guests, runs, receiving, stored, availableSamples));

void app.whenReady().then(async () => {
  window = await openWindow();
  setupClosing(window, guests, runs, receiving);
});
