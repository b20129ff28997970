import { hostname, totalmem } from 'node:os';
import xxhash, { type XXHashAPI } from 'xxhash-wasm';
import { WherryError } from '../shared/failure';
import type { Identity } from '../shared/identity';
import { limits } from '../shared/settings';
import { Budget } from './budget';
import { Door, type Visitor } from './door';
import { Places, type PlaceAddress } from './places';
import { ProbeVisitor } from './probe-visitor';
import { joinSession, leaveSession, parseStreamHello } from './stream-admission';
import { TokenBook, type Claim, type TokenOrder } from './token-book';
import { cameBefore, progressOf, sessionShownBy, shownBy, type VisitProgress } from './visit';
import { Visits, type ServingOptions } from './visits';
import { WallClock } from './wall-clock';
import type { Channel } from './wire/channel';
import { parseControl } from './wire/control';
import type { Frame } from './wire/frame';
import type { Hello } from './wire/hello';
import { formatPairing, type Pairing } from '../shared/pairing';
import { afterSecret } from './wire/secret';

/** Connections that are tested at once: of two senders with as many channels as there may be. */
const mostProbes = 2 * limits.channels.max;

/** Where a receiver listens, for which destination, and who may come. */
export interface ReceiveOptions extends ServingOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** The QEMUs that wait with `-incoming defer -S`; each migration takes one that is free. */
  readonly destinations: readonly PlaceAddress[];
  /** Senders at once; as many as there are destinations when absent. */
  readonly maxSessions?: number;
  /** Bytes a second that all senders together may send; 0: no limit. */
  readonly maxBandwidth?: number;
  /** Shown to senders; without it links are not encrypted, and whoever is in between can read and change everything. */
  readonly identity?: Identity;
  readonly tokens: TokenOrder;
  /** Bytes of XBZRLE cache a sender is given at most; half of this machine's memory when absent. */
  readonly maxCacheBytes?: number;
  /** The pairing text is another one: the token before was used or has expired. */
  readonly onPairing?: (text: string) => void;
}

/**
 * The receiving end as a program of its own, on the destinations' host: takes senders, each for a fresh destination of
 * its own. Between visits a destination's monitor is left alone: QEMU serves one client at a time.
 */
export class ReceiveServer {
  #door: Door | undefined;
  readonly #visits: Visits;
  readonly #probes = new Set<ProbeVisitor>();
  readonly #clock = new WallClock();
  readonly #tokens: TokenBook;
  readonly #budget: Budget | undefined;
  readonly #maxSessions: number;
  readonly #maxCacheBytes: number;

  private constructor(
    private readonly options: ReceiveOptions,
    private readonly places: Places,
    hasher: XXHashAPI,
  ) {
    const { maxBandwidth = 0, destinations, maxSessions = destinations.length } = options;
    // Together they may have half of the memory.
    const { maxCacheBytes = Math.floor(totalmem() / 2 / maxSessions) } = options;
    this.#maxSessions = maxSessions;
    this.#maxCacheBytes = maxCacheBytes;
    this.#budget = maxBandwidth === 0 ? undefined : new Budget(maxBandwidth);
    this.#visits = new Visits(options, { places, hasher, budget: this.#budget, maxCacheBytes });
    this.#tokens = new TokenBook(options.tokens, () => options.onPairing?.(this.pairingText));
  }

  /** Prepares the destinations and listens; rejects with what is wrong with them where none is ready, or `wire-closed`. */
  static async listen(options: ReceiveOptions): Promise<ReceiveServer> {
    const places = await Places.create(options.destinations, options.direct === true);
    const server = new ReceiveServer(options, places, await xxhash());
    try {
      await places.look(options.onNotice);
      server.#door = await Door.listen(options.host, options.port, {
        admit: (channel, first) => server.#admit(channel, first),
        onNotice: options.onNotice,
        ...(options.identity !== undefined && { identity: options.identity }),
      });
      return server;
    } catch (error) {
      server.#tokens.close();
      await places.close();
      throw error;
    }
  }

  /** What a sender has to be given. */
  get pairing(): Pairing {
    const { host, identity } = this.options;
    const { token } = this.#tokens;
    const port = this.#door?.port ?? 0;
    return { host, port, ...(identity !== undefined && { fingerprint: identity.fingerprint }), token };
  }

  /** The same as text, with an address that others can use: one that takes every caller is none that can be called. */
  get pairingText(): string {
    const { host } = this.options;
    return formatPairing({ ...this.pairing, host: host === '0.0.0.0' || host === '::' ? hostname() : host });
  }

  /** The senders that are here now. */
  visits(): readonly VisitProgress[] {
    return this.#visits.here.map(progressOf);
  }

  async close(): Promise<void> {
    this.#door?.close();
    this.#tokens.close();
    const stopped = new WherryError('wire-refused', 'the receiver was stopped');
    this.#visits.stop(stopped);
    for (const probe of this.#probes) probe.close();
    await this.places.close();
  }

  #admit(channel: Channel, first: Frame): Visitor {
    if (this.#visits.former.knows(first.body)) return this.#seeOff(channel, first);
    if (first.type === 'join') return joinSession(sessionShownBy(this.#visits.here, first), channel, first);
    if (first.type === 'leave') return leaveSession(sessionShownBy(this.#visits.here, first), channel, first);
    if (first.type === 'probe') return this.#admitProbe(channel, first);
    return first.type === 'control' ? this.#admitControl(channel, first) : this.#admitStream(channel, first);
  }

  /** Whoever belongs to a visit that has ended. A goodbye that comes after the end is as it should be. */
  #seeOff(channel: Channel, { type }: Frame): Visitor {
    if (type !== 'leave') throw new WherryError('wire-refused', 'this migration is over at the receiver');
    channel.destroy();
    return { hear: () => undefined, lost: () => undefined };
  }

  /** Lets the link be tested by who could send a guest: no token is used up by it, no destination taken or looked at. */
  #admitProbe(channel: Channel, { body }: Frame): Visitor {
    const here = shownBy(this.#visits.here, body);
    const still = here === undefined ? this.#tokens.judge(body) : () => here.stream === undefined;
    if (!still())
      throw new WherryError('wire-refused', 'its stream is connected already: a link is tested before that');
    if (this.#probes.size >= mostProbes) {
      throw new WherryError('wire-closed', 'as many links as can be tested at once are being tested');
    }
    const probe: ProbeVisitor = new ProbeVisitor(channel, {
      tooLate: () => !still(),
      now: () => this.#clock.now(),
      budget: this.#budget,
      onEnd: () => this.#probes.delete(probe),
    });
    this.#probes.add(probe);
    return probe;
  }

  #admitControl(channel: Channel, { body }: Frame): Visitor {
    const before = cameBefore(this.#visits.here, 'migrate', body, () => parseControl(afterSecret(body)).attempt);
    if (before?.control !== undefined) {
      parseControl(afterSecret(body));
      before.control.resume(channel);
      return before.control;
    }
    const { visit, resumeWindowMs } = this.#claimed(body, (claim, token) => {
      const { destination, resumeWindowMs, attempt } = parseControl(afterSecret(body));
      if (this.options.direct === true) {
        const message =
          'this receiver has no monitor of its destination: let another tool drive, through `wherry send`';
        throw new WherryError('wire-refused', message);
      }
      return { resumeWindowMs, visit: this.#visits.begin('migrate', { claim, token, attempt }, channel, destination) };
    });
    return this.#visits.control(visit, channel, resumeWindowMs);
  }

  /** The stream of a session that is here, or one by itself: a relay's. */
  #admitStream(channel: Channel, first: Frame): Visitor {
    const parsed = (token: string): Hello => parseStreamHello(first, token, this.#maxCacheBytes);
    const here = shownBy(this.#visits.here, first.body);
    if (here?.stream !== undefined) return here.stream.again(channel, parsed(here.streamToken));
    if (here !== undefined) return this.#visits.receive(here, channel, parsed(here.streamToken));
    const before = cameBefore(this.#visits.here, 'relay', first.body, (token) => parsed(token).attempt);
    if (before?.stream !== undefined) return before.stream.again(channel, parsed(before.token));
    const { visit, hello } = this.#claimed(first.body, (claim, token) => {
      const hello = parsed(token);
      return {
        hello,
        visit: this.#visits.begin('relay', { claim, token, attempt: hello.attempt }, channel, hello.destination),
      };
    });
    return this.#visits.receive(visit, channel, hello);
  }

  /** Makes a visit for who shows the pairing text's token; whoever is refused may show it again. */
  #claimed<Made>(body: Buffer, make: (claim: Claim, token: string) => Made): Made {
    const { token } = this.#tokens;
    const claim = this.#tokens.claim(body);
    try {
      if (this.#visits.here.length >= this.#maxSessions) {
        throw new WherryError('wire-refused', 'as many senders as are taken at once are connected already');
      }
      return make(claim, token);
    } catch (error) {
      claim.release();
      throw error;
    }
  }
}
