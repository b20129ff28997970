import type { ListenOptions, TcpNetConnectOpts, IpcNetConnectOpts } from 'node:net';

/** Where a migration stream goes or comes from. */
export type StreamAddress =
  | { readonly type: 'unix'; readonly path: string }
  | { readonly type: 'inet'; readonly host: string; readonly port: number };

/** Reads `unix:PATH` or `tcp:HOST:PORT` (an IPv6 host in brackets); undefined if it is neither. */
export function parseStreamAddress(uri: string): StreamAddress | undefined {
  const unix = /^unix:(.+)$/.exec(uri)?.[1];
  if (unix !== undefined) return { type: 'unix', path: unix };
  const [, bracketed, plain, digits] = /^tcp:(?:\[([0-9a-fA-F:.]+)\]|([^:,]*)):(\d{1,5})$/.exec(uri) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65535) return undefined;
  return { type: 'inet', host: bracketed ?? plain ?? '', port };
}

/** The same as Node's `connect` and `listen` take it; no host means the usual one. */
export function socketOptions(
  address: StreamAddress,
): (IpcNetConnectOpts | TcpNetConnectOpts) & Pick<ListenOptions, 'path' | 'host' | 'port'> {
  if (address.type === 'unix') return { path: address.path };
  const { host, port } = address;
  return host === '' ? { port } : { host, port };
}

/** As QEMU names an address in its error texts. */
export function describeAddress(address: StreamAddress): string {
  return address.type === 'unix' ? address.path : `${address.host}:${address.port}`;
}
