import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { dialMs } from './dial';
import type { Endpoint } from '../../shared/pairing';

/** How long one try to come back may take at least, ms: it is tried again soon, and over another way perhaps. */
const leastMs = 3000;
/** TCP and TLS have taken two round trips, and a way back in takes three; as much again is for a way that varies. */
const times = 3;

/** What is known of how long the way to a receiver is, from the connections that were made. */
export class Way {
  #openMs = 0;

  /** Takes the time that a connection on its way in needs, for as far as it comes. */
  watch({ fingerprint }: Endpoint, socket: Socket): void {
    const since = performance.now();
    const passed = (): number => performance.now() - since;
    if (fingerprint === undefined) return void socket.once('connect', () => (this.#openMs = passed()));
    // TLS takes as long again: a way that has become longer shows here, though the try may come to nothing. A shorter
    // one does not, since something on the way may take connections itself.
    socket.once('connect', () => (this.#openMs = Math.max(this.#openMs, 2 * passed())));
    socket.once('secureConnect', () => (this.#openMs = passed()));
  }

  /** How long one try to come back may take, ms; no longer than the first one had for TCP and TLS. */
  get againMs(): number {
    return Math.min(dialMs, Math.max(leastMs, Math.ceil(times * this.#openMs)));
  }
}
