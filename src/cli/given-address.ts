import { open } from 'node:fs/promises';
import { parseQmpAddress } from '../shared/qmp-address';
import { WherryError } from '../shared/failure';
import { isPairing } from '../shared/pairing-text';
import { systemText } from '../shared/system-text';
import { argument } from './settings-options';

/** Most characters that are read for a pairing text; what a receiver has printed in a thousand migrations is less. */
const maxLength = 2 ** 20;

/** Ends the help of an option that `givenAddress` reads. */
export const fromElsewhere = 'better @FILE, or - for standard input, as others can see this line';

/** Where the words of a pairing text come from. */
export type Input = AsyncIterable<Buffer | string> & { readonly isTTY?: boolean };

/** An option's word that is an address, or says where one is to be read; what may hold a secret is judged later, unquoted. */
export const addressWord = argument((text) => {
  if (!isPairing(text) && text !== '-' && !text.startsWith('@')) parseQmpAddress(text);
  return text;
});

/**
 * What an option's word stands for: itself, or the last line that is a pairing text of a file (`@FILE`) or of standard
 * input (`-`). A process's command line can be read by everybody on its machine, and a pairing text is a secret. The last
 * line, as what a receiver has printed ends with the text that is good now.
 * @param option as it is typed, for what is said
 * @throws WherryError `usage`; never quotes what was read
 */
export async function givenAddress(option: string, word: string, stdin: Input = process.stdin): Promise<string> {
  if (word !== '-' && !word.startsWith('@')) return word;
  const where = `${option} ${word}`;
  const text = await (word === '-' ? heard(stdin) : contents(word.slice(1))).catch((error: unknown) => {
    throw new WherryError('usage', `${where}: ${systemText(error)}`);
  });
  if (text.length > maxLength)
    throw new WherryError('usage', `${where}: expected a pairing text, got a mebibyte of something`);
  const line = text
    .split('\n')
    .map((each) => each.trim())
    .filter(isPairing)
    .at(-1);
  if (line !== undefined) return line;
  throw new WherryError('usage', `${where}: expected a line that is a pairing text (wherry://…), found none`);
}

/** What stands in a file or comes out of a pipe. */
async function contents(path: string): Promise<string> {
  const file = await open(path);
  try {
    return await heard(file.createReadStream({ autoClose: false }));
  } finally {
    await file.close();
  }
}

/** All there is; of a terminal the first line, since whoever types does not end it. */
async function heard(input: Input): Promise<string> {
  let text = '';
  for await (const chunk of input) {
    text += String(chunk);
    if (text.length > maxLength || (input.isTTY === true && text.includes('\n'))) break;
  }
  return text;
}
