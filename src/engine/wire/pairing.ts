import { WherryError } from '../../shared/failure';
import { pairingScheme } from '../../shared/pairing-text';

export { pairingScheme };

/** How to reach a receiver and what to show it; as text `wherry://host:port?token=…`. */
export interface Pairing {
  readonly host: string;
  readonly port: number;
  /** Hex; a secret. */
  readonly token: string;
}

const form = /^wherry:\/\/(?:\[([0-9A-Fa-f:.%]+)\]|([\w.-]+)):(\d{1,5})\/?\?token=([0-9a-f]{32,128})$/;

/**
 * Reads what a receiver printed.
 * @throws WherryError `usage`; its message never repeats the text, which holds a secret
 */
export function parsePairing(text: string): Pairing {
  const [, bracketed, plain, digits, token] = form.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || token === undefined || port < 1 || port > 65535) {
    throw new WherryError('usage', 'Receiver: expected wherry://host:port?token=… as `wherry receive` printed it');
  }
  return { host, port, token };
}

export function formatPairing({ host, port, token }: Pairing): string {
  return `${pairingScheme}${host.includes(':') ? `[${host}]` : host}:${port}?token=${token}`;
}
