import { WherryError } from './failure';

/** Where a QMP monitor listens. */
export type QmpAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

const tcpForm = /^tcp:(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/;

/**
 * Reads `/path`, `unix:/path` or `tcp:host:port` (an IPv6 address in brackets).
 * @throws WherryError `usage` for anything else
 */
export function parseQmpAddress(text: string): QmpAddress {
  const path = text.startsWith('unix:') ? text.slice('unix:'.length) : text;
  if (path.startsWith('/') && !path.includes('\0')) return { kind: 'unix', path };
  const [, bracketed, plain, digits] = tcpForm.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host !== undefined && port >= 1 && port <= 65535) return { kind: 'tcp', host, port };
  throw new WherryError(
    'usage',
    `QMP address: expected /path, unix:/path or tcp:host:port, got ${JSON.stringify(text)}`,
  );
}

/** The address as it is written in settings and messages. */
export function formatQmpAddress(address: QmpAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return `tcp:${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
