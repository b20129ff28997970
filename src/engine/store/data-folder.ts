import { isAbsolute, join } from 'node:path';

/**
 * Where profiles and history are kept: `WHERRY_DATA_DIR`, else `wherry` in the XDG base directory for data
 * (`XDG_DATA_HOME`, which counts only when absolute, or `~/.local/share`).
 * @param home the user's home directory
 */
export function dataFolder(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const own = env['WHERRY_DATA_DIR'];
  if (own !== undefined && own !== '') return own;
  const xdg = env['XDG_DATA_HOME'];
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, '.local', 'share'), 'wherry');
}
