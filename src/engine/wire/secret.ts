import { randomBytes, timingSafeEqual } from 'node:crypto';
import { WherryError } from '../../shared/failure';
import { encodeJson } from './json';

/*
 * Every first frame begins with a secret as plain bytes, so that it can be judged before anything else of a stranger's
 * is looked at; JSON follows.
 */

/** Every secret that lets somebody in: a receiver's token, a session's, its channels'; bytes. */
export const secretBytes = 32;

/** Nobody guesses it; hex. */
export function newSecret(): string {
  return randomBytes(secretBytes).toString('hex');
}

/** A first frame's body: the secret (hex) in front, then what is to be said. */
export function withSecret(secret: string, value: object): Buffer {
  return Buffer.concat([Buffer.from(secret, 'hex'), encodeJson(value)]);
}

/** Whether a first frame shows this secret (hex); in constant time. */
export function shows(body: Buffer, secret: string): boolean {
  const wanted = Buffer.from(secret, 'hex');
  if (wanted.length !== secretBytes) throw new WherryError('internal', `a secret of ${wanted.length} bytes`);
  return body.length >= secretBytes && timingSafeEqual(body.subarray(0, secretBytes), wanted);
}

/** Whether two secrets (hex) are the same one, in constant time; never where one is absent. */
export function isSameSecret(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && shows(Buffer.from(one, 'hex'), other);
}

const foreign = 'the sender did not show the token of this session';

/** What follows the secret; throws `wire-refused` for another one, and never says what either is. */
export function expectSecret(body: Buffer, secret: string): Buffer {
  if (!shows(body, secret)) throw new NotShown(foreign);
  return afterSecret(body);
}

/** What follows a secret that has been judged. */
export function afterSecret(body: Buffer): Buffer {
  return body.subarray(secretBytes);
}

/** Who came did not show what lets one in. */
export class NotShown extends WherryError {
  constructor(
    message = "the token is not this receiver's: use the pairing text that it printed last (of a service: the last line " +
      'of /run/wherry-receive-NAME.pairing)',
  ) {
    super('wire-refused', message);
  }
}
