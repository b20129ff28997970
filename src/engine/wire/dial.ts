import { createHash, timingSafeEqual } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { WherryError } from '../../shared/failure';
import type { Endpoint } from '../../shared/pairing';

/** The oldest TLS either side speaks. */
export const tlsVersion = 'TLSv1.3';

/** A certificate's SHA-256, hex; `der` is the whole of it. */
export function fingerprintOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}

/** What TCP and TLS may take, ms: three round trips, over whatever way. */
export const dialMs = 15_000;

/**
 * Connects to a receiver; what is written meanwhile waits. With a fingerprint the link is TLS, and nothing at all is
 * written before the receiver has shown the certificate that belongs to it: the socket fails with `wire-refused` for
 * another one. No authority is asked; the fingerprint came with the pairing text.
 */
export function dial({ host, port, fingerprint }: Endpoint): Socket {
  if (fingerprint === undefined) return connect({ host, port });
  const socket = connectTls({
    host,
    port,
    servername: '', // names belong to authorities
    rejectUnauthorized: false, // nobody has signed it: it is compared below
    minVersion: tlsVersion,
  });
  socket.cork();
  socket.once('secureConnect', () => {
    const shown = fingerprintOf(socket.getPeerCertificate().raw);
    if (timingSafeEqual(Buffer.from(shown, 'hex'), Buffer.from(fingerprint, 'hex'))) return socket.uncork();
    socket.destroy(
      new WherryError(
        'wire-refused',
        `another certificate than the pairing text names: ${shown}; somebody may be in between, or the receiver has a ` +
          'new one and a new text',
      ),
    );
  });
  return socket;
}

/**
 * Calls back once a dialled receiver has proved who it is. Not before that may a socket be ended in good order: what
 * ends it also writes what it holds back.
 */
export function onceProved({ fingerprint }: Endpoint, socket: Socket, then: () => void): void {
  socket.once(fingerprint === undefined ? 'connect' : 'secureConnect', () => {
    if (!socket.destroyed) then();
  });
}
