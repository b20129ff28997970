import * as v from 'valibot';
import { WherryError } from './failure';

/** What senders may call a destination: never a path, never an address. */
const form = /^[A-Za-z0-9_][\w.-]{0,63}$/;

export const labelSchema = v.pipe(v.string(), v.regex(form));

/** @throws WherryError `usage` */
export function parseLabel(text: string): string {
  if (form.test(text)) return text;
  throw new WherryError(
    'usage',
    `expected letters, digits, "_", "-" and "." (at most 64), got ${JSON.stringify(text)}`,
  );
}
