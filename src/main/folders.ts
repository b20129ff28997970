import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { app } from 'electron';
import { systemText } from '../shared/system-text';

/**
 * Has Chromium keep what it keeps in the data folder too, so that consoles with data folders of their own have nothing
 * to do with each other.
 * @returns what is wrong with the data folder, in words
 */
export function setupFolders(data: string): string | undefined {
  const folder = join(data, 'browser');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    app.setPath('userData', folder);
    return undefined;
  } catch (error) {
    return `Nothing can be kept in ${data}: ${systemText(error)}. Profiles and runs will be lost; set WHERRY_DATA_DIR to a folder that can be written.`;
  }
}
