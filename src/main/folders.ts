import { app } from 'electron';

/** Keeps everything we store in `WHERRY_DATA_DIR` when it is set; otherwise where the system puts a program's data. */
export function setupFolders(env: NodeJS.ProcessEnv): void {
  const folder = env['WHERRY_DATA_DIR'];
  if (folder !== undefined && folder !== '') app.setPath('userData', folder);
}
