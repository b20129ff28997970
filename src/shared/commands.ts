import { viewNames, views, type ViewName } from './views';

/** Menus of the window's menu bar, in their order. */
export const menus = ['Wherry', 'Go', 'View', 'Migration', 'Help'] as const;
export type MenuName = (typeof menus)[number];

/** What can be asked for by menu or key. */
export interface Command {
  readonly menu: MenuName;
  readonly label: string;
  /** Electron's notation of an accelerator: `CmdOrCtrl+1`. */
  readonly keys: string;
  /** Other keys for the same. */
  readonly alsoKeys?: readonly string[];
  /** One line for the help sheet. */
  readonly help: string;
  /** Who does it: the page, or the main process. */
  readonly by: 'page' | 'main';
  /** The view whose button of this command is pressed, where it is not in front. */
  readonly view?: ViewName;
  /** Only while a migration is under way. */
  readonly needsRun?: true;
}

const goTo = Object.fromEntries(
  viewNames.map((name, index) => [
    `go-${name}`,
    { menu: 'Go', label: views[name], keys: `CmdOrCtrl+${index + 1}`, help: `Show ${views[name]}`, by: 'page' },
  ]),
) as Readonly<Record<`go-${ViewName}`, Command>>;

/** The one list of shortcuts: menu, keys and help sheet are made from it. */
export const commands = {
  ...goTo,
  newMigration: {
    menu: 'Migration',
    label: 'New migration',
    keys: 'CmdOrCtrl+N',
    help: 'Open the form for a migration',
    by: 'page',
  },
  startMigration: {
    menu: 'Migration',
    label: 'Start migration',
    keys: 'CmdOrCtrl+Enter',
    help: 'Start what the form says',
    by: 'page',
    view: 'new',
  },
  pause: {
    menu: 'Migration',
    label: 'Pause or resume',
    keys: 'CmdOrCtrl+P',
    help: 'Stop sending, the guest running on, or send again',
    by: 'page',
    view: 'live',
    needsRun: true,
  },
  forceSwitchover: {
    menu: 'Migration',
    label: 'Force switchover…',
    keys: 'CmdOrCtrl+Shift+F',
    help: 'Stop the guest and finish now; says first what that costs',
    by: 'page',
    view: 'live',
    needsRun: true,
  },
  cancelMigration: {
    menu: 'Migration',
    label: 'Cancel migration…',
    keys: 'CmdOrCtrl+.',
    help: 'Give up, the guest staying on the source; says first what that costs',
    by: 'page',
    view: 'live',
    needsRun: true,
  },
  export: {
    menu: 'Migration',
    label: 'Export…',
    keys: 'CmdOrCtrl+E',
    help: 'Write the chosen runs, or the report in front, to a file',
    by: 'page',
    view: 'history',
  },
  theme: { menu: 'View', label: 'Next theme', keys: 'CmdOrCtrl+T', help: 'System, light or dark colours', by: 'main' },
  zoomIn: {
    menu: 'View',
    label: 'Zoom in',
    keys: 'CmdOrCtrl+Plus',
    alsoKeys: ['CmdOrCtrl+='],
    help: 'Larger text and pictures',
    by: 'main',
  },
  zoomOut: { menu: 'View', label: 'Zoom out', keys: 'CmdOrCtrl+-', help: 'Smaller text and pictures', by: 'main' },
  zoomReset: {
    menu: 'View',
    label: 'Actual size',
    keys: 'CmdOrCtrl+0',
    help: 'Text and pictures at their normal size',
    by: 'main',
  },
  fullScreen: {
    menu: 'View',
    label: 'Full screen',
    keys: 'F11',
    help: 'Fill the whole screen, or no longer',
    by: 'main',
  },
  help: {
    menu: 'Help',
    label: 'Keyboard shortcuts',
    keys: 'F1',
    alsoKeys: ['?'],
    help: 'This list',
    by: 'page',
  },
  quit: {
    menu: 'Wherry',
    label: 'Quit',
    keys: 'CmdOrCtrl+Q',
    help: 'Close the console; asks while a guest moves',
    by: 'main',
  },
} as const satisfies Readonly<Record<string, Command>>;

export type CommandName = keyof typeof commands;
export const commandNames = Object.keys(commands) as readonly CommandName[];

/** A command as its type: the table's own are narrower than what can be asked of them. */
export function commandOf(name: CommandName): Command {
  return commands[name];
}

/** The view a command shows, if that is what it does. */
export function viewOf(name: CommandName): ViewName | undefined {
  if (name === 'newMigration') return 'new';
  return viewNames.find((view) => name === `go-${view}`);
}

/** Keys as they are written for people: `Ctrl+Shift+F`, on a Mac `⌘+⇧+F`. */
export function keyTexts(keys: string, mac: boolean): readonly string[] {
  const names: Readonly<Record<string, string>> = mac
    ? { CmdOrCtrl: '⌘', Shift: '⇧', Plus: '+' }
    : { CmdOrCtrl: 'Ctrl', Plus: '+' };
  return keys.split('+').map((key) => names[key] ?? key);
}

/** Keys as ARIA's `aria-keyshortcuts` has them: `Control+Shift+F`. */
export function ariaKeys(keys: string, mac: boolean): string {
  return keys.replace('CmdOrCtrl', mac ? 'Meta' : 'Control');
}
