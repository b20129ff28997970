import { describe, expect, it } from 'vitest';
import { dataFolder } from './data-folder';

describe('dataFolder', () => {
  it.each([
    [{ WHERRY_DATA_DIR: '/data', XDG_DATA_HOME: '/xdg' }, '/data'],
    [{ WHERRY_DATA_DIR: '', XDG_DATA_HOME: '/xdg' }, '/xdg/wherry'],
    [{ XDG_DATA_HOME: 'relative' }, '/home/me/.local/share/wherry'],
    [{ XDG_DATA_HOME: '' }, '/home/me/.local/share/wherry'],
    [{}, '/home/me/.local/share/wherry'],
  ])('for %j is %s', (env, folder) => {
    expect(dataFolder(env, '/home/me')).toBe(folder);
  });
});
