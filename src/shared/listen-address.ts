import { WherryError } from './failure';

/** Where a receiver waits for senders. */
export interface ListenAddress {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
}

const loopback = '127.0.0.1';
const form = /^(?:(?:\[([0-9A-Fa-f:.%]+)\]|([\w.-]+))?:)?(\d{1,5})$/;

/**
 * Reads `host:port`, `:port` or `port`; without a host it is the loopback interface.
 * @throws WherryError `usage`
 */
export function parseListenAddress(text: string): ListenAddress {
  const [, bracketed, plain, digits] = form.exec(text) ?? [];
  const port = Number(digits);
  if (digits !== undefined && port <= 65535) return { host: bracketed ?? plain ?? loopback, port };
  throw new WherryError('usage', `expected host:port, :port or port (0 picks one), got ${JSON.stringify(text)}`);
}
