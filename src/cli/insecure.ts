import type { Streams } from './streams';
import { writeLine } from './streams';

/** `--insecure` of the sender's commands. */
export const insecureHelp =
  'the receiver was started with --insecure: the link is not encrypted, and anybody may be at its end';

/** Says what it means that links are not encrypted. */
export function warnInsecure({ err }: Streams): void {
  writeLine(
    err,
    'Insecure: nothing on this link is encrypted. Whoever is on the way can read and change the memory of the guest, ' +
      'and take the token.',
  );
}
