import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { app } from 'electron';
import { makeFolder } from '../engine/store/make-folder';
import { temporaryName } from '../host/temporary';
import { systemText } from '../shared/system-text';

/**
 * Has Chromium keep what it keeps in the data folder too, so that consoles with data folders of their own have nothing
 * to do with each other; where nothing can be kept there, in a folder that ends with this console.
 * @returns what is wrong with the data folder, in words
 */
export function setupFolders(data: string): string | undefined {
  try {
    useFolder(join(data, 'browser'));
    return undefined;
  } catch (error) {
    useFolder(join(tmpdir(), temporaryName()));
    return (
      `Nothing can be kept in ${data}: ${systemText(error)}. Profiles, runs and the window’s place are lost with the ` +
      'console; WHERRY_DATA_DIR names another folder.'
    );
  }
}

function useFolder(folder: string): void {
  makeFolder(folder);
  app.setPath('userData', folder);
}
