import * as v from 'valibot';
import { WherryError } from './failure';
import { labelSchema } from './label';
import { pairingScheme } from './pairing-text';

export { pairingScheme };

/** Where a receiver listens, and how to know it again. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the receiver's certificate, hex; without it the link is not encrypted (`--insecure`). */
  readonly fingerprint?: string;
}

/** How to reach a receiver and what to show it; as text `wherry://host:port?fingerprint=…&token=…`. */
export interface Pairing extends Endpoint {
  /** 32 bytes as hex; a secret. */
  readonly token: string;
  /** Which of its destinations is meant; any that is free when absent. */
  readonly destination?: string;
}

const form = /^wherry:\/\/(?:\[([0-9A-Fa-f:.%]{2,64})\]|([\w.-]{1,253})):(\d{1,5})\/?\?([\w=&.-]{1,300})$/;
const hex32 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const querySchema = v.strictObject({
  fingerprint: v.optional(hex32),
  token: hex32,
  destination: v.optional(labelSchema),
});

/**
 * Reads what a receiver printed.
 * @throws WherryError `usage`; its message never repeats the text, which holds a secret
 */
export function parsePairing(text: string): Pairing {
  const [, bracketed, plain, digits, query] = form.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  const pairs = (query ?? text.split('?')[1] ?? '').split('&').map((pair): readonly string[] => pair.split('='));
  const named = new Map(pairs.map(([name = '', ...value]) => [name, value.join('=')]));
  const result = v.safeParse(querySchema, Object.fromEntries(named));
  if (host === undefined || port < 1 || port > 65535 || named.size !== pairs.length || !result.success) {
    const expected = 'wherry://host:port?fingerprint=…&token=… as `wherry receive` printed it';
    throw new WherryError('usage', `Receiver: expected ${expected}, got ${flaw(named)}`);
  }
  const { fingerprint, token, destination } = result.output;
  return {
    host,
    port,
    ...(fingerprint !== undefined && { fingerprint }),
    token,
    ...(destination !== undefined && { destination }),
  };
}

/** What is wrong with a pairing text, without a word of it. */
function flaw(named: ReadonlyMap<string, string>): string {
  const wrong = (name: 'fingerprint' | 'token'): boolean => named.has(name) && !v.is(hex32, named.get(name));
  if (wrong('fingerprint')) return 'a fingerprint that is not 64 hexadecimal digits';
  if (wrong('token')) return 'a token that is not 64 hexadecimal digits';
  // A shell takes what is behind an & for another command.
  if (!named.has('token')) return 'one without a token; on a command line it has to stand in quotes';
  return 'another host, port or ending';
}

export function formatPairing({ host, port, fingerprint, token, destination }: Pairing): string {
  const shown = fingerprint === undefined ? '' : `fingerprint=${fingerprint}&`;
  const meant = destination === undefined ? '' : `&destination=${destination}`;
  return `${pairingScheme}${host.includes(':') ? `[${host}]` : host}:${port}?${shown}token=${token}${meant}`;
}

/**
 * A pairing that may be used: one without a fingerprint only where the operator has said that it may be (`--insecure`),
 * and one with a fingerprint only where he has not.
 * @throws WherryError `usage`
 */
export function expectSecured(pairing: Pairing, insecure: boolean): Pairing {
  if (insecure === (pairing.fingerprint === undefined)) return pairing;
  throw new WherryError(
    'usage',
    insecure
      ? 'Receiver: its links are encrypted, as its pairing text has a fingerprint: leave out --insecure'
      : 'Receiver: no fingerprint in the pairing text, so its links are not encrypted; to use them all the same: the command’s --insecure',
  );
}
