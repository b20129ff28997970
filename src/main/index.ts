import { homedir } from 'node:os';
import { join } from 'node:path';
import { app } from 'electron';
import type { BrowserWindow } from 'electron';
import { dataFolder } from '../engine/store/data-folder';
import { openStores } from '../engine/store/stores';
import { removeLeftovers } from '../host/temporary';
import { setupClosing } from './closing';
import { setupFolders } from './folders';
import { Guests } from './guests';
import { createHandlers } from './handlers';
import { historyCalls } from './history-calls';
import { setupIpc } from './ipc';
import { probeGuest } from './probe';
import { publishTo } from './publish';
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
const { history } = openStores(dataFolder(process.env, homedir()));
const runs = createRuns(guests, spawnUtility, history, publish);
setupIpc(createHandlers(guests, runs, historyCalls(history), availableSamples));

void app.whenReady().then(async () => {
  window = await openWindow();
  setupClosing(window, guests, runs);
});
