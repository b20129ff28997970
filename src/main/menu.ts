import { Menu, type BrowserWindow } from 'electron';
import { commandNames, commandOf, menus, type CommandName } from '../shared/commands';

/** The menu bar from the table of commands; `act` does what is chosen. */
export function menuTemplate(act: (name: CommandName) => void): Electron.MenuItemConstructorOptions[] {
  return menus.map((menu) => ({
    label: menu,
    submenu: commandNames.filter((name) => commandOf(name).menu === menu).flatMap((name) => items(name, act)),
  }));
}

/** A command's item, and one that is not seen for each further accelerator. */
function items(name: CommandName, act: (name: CommandName) => void): Electron.MenuItemConstructorOptions[] {
  const { label, keys, alsoKeys = [], needsRun } = commandOf(name);
  const item = { label, enabled: needsRun !== true, click: () => act(name) };
  const further = alsoKeys.filter((each) => each !== '?'); // what types a character is the page's own business
  return [
    { ...item, id: name, accelerator: keys },
    ...further.map((accelerator) => ({ ...item, accelerator, visible: false, acceleratorWorksWhenHidden: true })),
  ];
}

/** What the main process does itself. */
export interface MenuActions {
  readonly window: BrowserWindow;
  /** Has the page do it. */
  readonly page: (name: CommandName) => void;
  readonly nextTheme: () => void;
  readonly zoom: (change: number | 'reset') => void;
  readonly quit: () => void;
}

/** Puts the menu bar up, and returns what tells it whether a migration is under way. */
export function setupMenu(actions: MenuActions): (running: boolean) => void {
  const { window, page, nextTheme, zoom, quit } = actions;
  const own: Partial<Record<CommandName, () => void>> = {
    theme: nextTheme,
    zoomIn: () => zoom(1),
    zoomOut: () => zoom(-1),
    zoomReset: () => zoom('reset'),
    fullScreen: () => window.setFullScreen(!window.isFullScreen()),
    quit,
  };
  const menu = Menu.buildFromTemplate(menuTemplate((name) => (own[name] ?? (() => page(name)))()));
  Menu.setApplicationMenu(menu);
  return (running) => {
    for (const name of commandNames.filter((each) => commandOf(each).needsRun === true)) {
      const item = menu.getMenuItemById(name);
      if (item !== null) item.enabled = running;
    }
  };
}
