import { homedir } from 'node:os';
import { join } from 'node:path';
import { app, dialog } from 'electron';
import type { BrowserWindow } from 'electron';
import { ReceiveServer } from '../engine/receive-server';
import { dataFolder } from '../engine/store/data-folder';
import { openIdentity } from '../engine/store/identity';
import { openStores } from '../engine/store/stores';
import { removeLeftovers } from '../host/temporary';
import { toFailure } from '../shared/failure';
import { setupClosing } from './closing';
import { setupFolders } from './folders';
import { Guests } from './guests';
import { createHandlers } from './handlers';
import { historyCalls } from './history-calls';
import { setupIpc } from './ipc';
import { setupLastResort, setupPageRecovery } from './last-resort';
import { LinkCalls } from './link-calls';
import { Notices } from './notices';
import { findMonitors, usualPlaces } from './monitor-places';
import { profileCalls } from './profile-calls';
import { probeGuest } from './probe';
import { publishHere, publishTo, type Publish, type PushListeners } from './publish';
import { Receiving } from './receiving';
import { createRuns } from './runs';
import { availableSamples, startSample } from './samples';
import { setupScheme } from './scheme';
import { setupSecurity } from './security';
import { setupShell, shellCalls } from './shell';
import { setupSingleInstance } from './single-instance';
import { spawnUtility } from './spawn-utility';
import { createWindow, loadPage } from './window';
import { WindowMemory } from './window-memory';

let window: BrowserWindow | undefined;
let listeners: PushListeners = {};
const toWindow = publishTo(() => window);
const toListeners = publishHere(() => listeners);
const publish: Publish = (name, value) => {
  toWindow(name, value);
  toListeners(name, value);
};

const notices = new Notices(publish);
const data = dataFolder(process.env, homedir());
const folderProblem = setupFolders(data);
if (folderProblem !== undefined) notices.add(folderProblem);
if (setupSingleInstance(() => window)) {
  void removeLeftovers();
  setupLastResort(notices);
  setupSecurity();
  setupScheme(join(__dirname, '../renderer'));
  void app.whenReady().then(open).catch(giveUp);
}

async function open(): Promise<void> {
  const memory = await WindowMemory.open(join(data, 'window.json'), (text) => notices.add(text));
  const places = usualPlaces(process.env, homedir(), process.getuid?.());
  const guests = new Guests({ probe: probeGuest, startSample, find: () => findMonitors(places) }, publish);
  const { history, profiles } = openStores(data);
  const runs = createRuns(guests, spawnUtility, history, publish);
  const receiving = new Receiving(
    async (options) => ReceiveServer.listen({ ...options, identity: await openIdentity(data, options.onNotice) }),
    spawnUtility,
    publish,
  );
  const links = new LinkCalls(() => runs.active());
  const shell = shellCalls(memory, notices, publish);
  const stored = { ...historyCalls(history), ...profileCalls(profiles) };
  setupIpc(createHandlers(guests, runs, receiving, links, shell, stored, availableSamples, places));
  window = createWindow(memory);
  listeners = setupShell(window, memory, shell, notices, publish);
  setupPageRecovery(window, notices);
  setupClosing(window, guests, runs, receiving, memory);
  await loadPage(window);
}

/** Without a page there is nothing to say it in. */
function giveUp(error: unknown): void {
  dialog.showErrorBox(
    'Wherry cannot show its window',
    `${toFailure(error).message}\n\nThe installation may be damaged: set it up again. \`wherry migrate\` needs no window.`,
  );
  app.exit(1);
}
