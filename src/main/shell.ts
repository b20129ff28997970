import { app, nativeTheme, type BrowserWindow } from 'electron';
import type { ConsoleState } from '../shared/contract';
import { nextTheme, type ThemeChoice } from '../shared/window-state';
import { setupMenu } from './menu';
import type { Notices } from './notices';
import type { Publish, PushListeners } from './publish';
import { showOutside } from './show-outside';
import type { WindowMemory } from './window-memory';

/** The contract's calls about the window itself. */
export interface ShellCalls {
  state(): Pick<ConsoleState, 'theme' | 'notices'>;
  chooseTheme(theme: ThemeChoice): void;
  dismissNotice(id: number): void;
}

const zoomLimits = { min: -3, max: 5 } as const;

/** The calls, on what is remembered and what is to be said. */
export function shellCalls(memory: WindowMemory, notices: Notices, publish: Publish): ShellCalls {
  return {
    state: () => ({ theme: memory.current.theme, notices: notices.list() }),
    chooseTheme: (theme) => {
      nativeTheme.themeSource = theme;
      memory.change({ theme });
      publish('theme', theme);
    },
    dismissNotice: (id) => notices.dismiss(id),
  };
}

/**
 * Menu, taskbar, title and notification of a window.
 * @returns what follows the runs to keep them true
 */
export function setupShell(
  window: BrowserWindow,
  memory: WindowMemory,
  calls: ShellCalls,
  notices: Notices,
  publish: Publish,
): PushListeners {
  const setRunning = setupMenu({
    window,
    page: (name) => publish('command', name),
    nextTheme: () => calls.chooseTheme(nextTheme(memory.current.theme)),
    zoom: (change) => {
      const wanted = change === 'reset' ? 0 : memory.current.zoom + change;
      const zoom = Math.min(zoomLimits.max, Math.max(zoomLimits.min, wanted));
      memory.change({ zoom });
      window.webContents.setZoomLevel(zoom);
    },
    quit: () => app.quit(),
  });
  const outside = showOutside(window);
  return {
    run: (view) => {
      setRunning(view.report === undefined);
      outside.run(view);
      const { notKept, guestName } = view;
      if (notKept !== undefined) notices.add(`The run of ${guestName} is not in the history: ${notKept.message}`);
    },
    snapshot: (snapshot) => outside.snapshot(snapshot),
  };
}
