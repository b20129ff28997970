import { describe, expect, it } from 'vitest';
import { ariaKeys, commandNames, commandOf, keyTexts, menus, viewOf } from './commands';
import { viewNames } from './views';

describe('commands', () => {
  it('give no keys twice', () => {
    const keys = commandNames.flatMap((name) => [commandOf(name).keys, ...(commandOf(name).alsoKeys ?? [])]);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('show every view by its number in the navigation', () => {
    const shown = viewNames.map((_, index) =>
      commandNames.find((name) => commandOf(name).keys === `CmdOrCtrl+${index + 1}`),
    );
    expect(shown.map((name) => name && viewOf(name))).toEqual(viewNames);
  });

  it('fill every menu, and each has a line of help', () => {
    expect(new Set(commandNames.map((name) => commandOf(name).menu))).toEqual(new Set(menus));
    for (const name of commandNames) expect(commandOf(name).help).toMatch(/^\S.*[^.]$/);
  });

  it('cover what an operator does at a bad hour', () => {
    for (const name of ['newMigration', 'pause', 'cancelMigration', 'forceSwitchover', 'export', 'theme', 'help']) {
      expect(commandNames).toContain(name);
    }
  });
});

it('writes keys for people and for screen readers', () => {
  expect(keyTexts('CmdOrCtrl+Shift+F', false)).toEqual(['Ctrl', 'Shift', 'F']);
  expect(keyTexts('CmdOrCtrl+Shift+F', true)).toEqual(['⌘', '⇧', 'F']);
  expect(keyTexts('CmdOrCtrl+Plus', false)).toEqual(['Ctrl', '+']);
  expect(ariaKeys('CmdOrCtrl+Shift+F', false)).toBe('Control+Shift+F');
  expect(ariaKeys('F1', false)).toBe('F1');
});
