import type { Socket } from 'node:net';
import { TLSSocket, createSecureContext, type SecureContext } from 'node:tls';
import { WherryError } from '../../shared/failure';
import type { Identity } from '../../shared/identity';
import { tlsVersion } from './dial';

/** The first byte of every TLS connection (RFC 8446, 5.1: a handshake record). */
const handshake = 0x16;

/**
 * All that is said to an address that is shut out, before anything of it was read: a fatal alert, access_denied, which
 * every TLS client understands (RFC 8446, 6 and 6.2).
 */
export const accessDenied: Uint8Array = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 49]);

export function contextOf({ key, certificate }: Identity): SecureContext {
  return createSecureContext({ key, cert: certificate, minVersion: tlsVersion });
}

/**
 * The receiver's end of a TLS connection. What fails in its handshake is an error of the returned socket.
 * @param refuse told of a peer that does not even try TLS; it has `raw` as it came
 */
export function secured(
  raw: Socket,
  context: SecureContext,
  take: (socket: Socket) => void,
  refuse: (error: WherryError) => void,
): void {
  const look = (): void => {
    const first = raw.read() as Buffer | null;
    if (first === null) return; // the end: 'end' or 'close' follows
    raw.off('readable', look);
    raw.unshift(first);
    if (first[0] === handshake) take(new TLSSocket(raw, { isServer: true, secureContext: context }));
    else
      refuse(new WherryError('wire-refused', 'only TLS is taken here: leave out --insecure, and use the pairing text'));
  };
  raw.on('readable', look);
}
