import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readSecret, writeSecret } from './secret-file';

const form = /^([0-9a-f]{64})\n$/;

/**
 * The token of a receiver that keeps one, hex; made when there is none. A damaged one is made anew, and `say` is told.
 * @throws WherryError `store`
 */
export async function openLastingToken(folder: string, say: (text: string) => void): Promise<string> {
  const path = join(folder, 'identity', 'token');
  const text = await readSecret(path, say);
  const kept = text === undefined ? undefined : parseToken(text);
  if (kept !== undefined) return kept;
  if (text !== undefined)
    say(`${path}: expected 64 hex digits; made a new token, and senders need the new pairing text`);
  const token = randomBytes(32).toString('hex');
  await writeSecret(path, `${token}\n`);
  return token;
}

/** The token that its file's text holds, hex; nothing where that is something else. */
export function parseToken(text: string): string | undefined {
  return form.exec(text)?.[1];
}
