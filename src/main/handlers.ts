import { clipboard } from 'electron';
import { commandLine } from '../shared/command-line';
import { WherryError } from '../shared/failure';
import type { SampleKind } from '../shared/guest';
import type { HistoryCalls } from './history-calls';
import type { Guests } from './guests';
import type { Handlers } from './ipc';
import type { LinkCalls } from './link-calls';
import type { Receiving } from './receiving';
import type { MonitorPlace } from './monitor-places';
import type { ProfileCalls } from './profile-calls';
import type { Runs } from './runs';
import type { ShellCalls } from './shell';
import { saveWhereAsked } from './save-file';

/** The contract's calls, answered by the guests and the runs. */
export function createHandlers(
  guests: Guests,
  runs: Runs,
  receiving: Receiving,
  links: LinkCalls,
  shell: ShellCalls,
  stored: HistoryCalls & ProfileCalls,
  samples: () => readonly SampleKind[],
  places: readonly MonitorPlace[],
): Handlers {
  return {
    readConsole: () => {
      const run = runs.current();
      const receiver = receiving.current();
      return {
        guests: guests.list(),
        samples: samples(),
        places: places.map(({ folder }) => folder),
        ...(run !== undefined && { run }),
        ...(receiver !== undefined && { receiver }),
        ...shell.state(),
      };
    },
    startSample: (request) => guests.startSample(request),
    addGuest: ({ address }) => guests.add(address),
    removeGuest: ({ guestId }) => guests.remove(guestId),
    refreshGuests: () => guests.refresh(),
    startMigration: (order) => runs.start(order),
    testLink: (order) => links.testLink(order),
    cancelMigration: () => runs.cancel(),
    changeSettings: (change) => runs.control('change settings').change(change),
    pauseMigration: () => runs.control('pause').pause(),
    resumeMigration: () => runs.control('resume').resume(),
    switchoverCost: () => runs.control('force the switchover').switchoverCost(),
    forceSwitchover: () => runs.control('force the switchover').forceSwitchover(),
    startReceiving: (order) => receiving.start(order),
    stopReceiving: () => receiving.stop(),
    copyPairing: async () => {
      const pairing = receiving.current()?.pairing;
      if (pairing === undefined) throw new WherryError('usage', 'no receiver is running, so there is no pairing text');
      await clipboard.writeText(pairing);
    },
    copyCommandLine: ({ guestId, destination, settings }) =>
      clipboard.writeText(commandLine(guests.get(guestId).address, destination, settings)),
    chooseTheme: ({ theme }) => shell.chooseTheme(theme),
    dismissNotice: ({ id }) => shell.dismissNotice(id),
    ...stored,
    savePicture: ({ name, png }) => saveWhereAsked('Save a picture', `wherry ${name.toLowerCase()}.png`, png),
  };
}
