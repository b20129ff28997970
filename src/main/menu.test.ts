import { expect, it, vi } from 'vitest';
import { commandNames } from '../shared/commands';
import { menuTemplate } from './menu';

vi.mock('electron', () => ({}));

it('does a command by its item and by each of its further keys', () => {
  const done: string[] = [];
  const items = menuTemplate((name) => done.push(name)).flatMap(
    ({ submenu }) => submenu as Electron.MenuItemConstructorOptions[],
  );
  for (const { click } of items) (click as () => void)();
  expect(new Set(done)).toEqual(new Set(commandNames));
  expect(done.filter((name) => name === 'zoomIn')).toHaveLength(2);
});
