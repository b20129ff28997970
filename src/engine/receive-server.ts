import type { Socket } from 'node:net';
import { availableParallelism, hostname, totalmem } from 'node:os';
import xxhash, { type XXHashAPI } from 'xxhash-wasm';
import { WherryError, type Failure } from '../shared/failure';
import type { Identity } from '../shared/identity';
import { limits } from '../shared/settings';
import type { SpawnWorker } from '../shared/worker';
import { Budget } from './budget';
import { ControlVisitor } from './control-visitor';
import { Door, type Visitor } from './door';
import { Places, type Berth, type PlaceAddress } from './places';
import { ProbeVisitor } from './probe-visitor';
import { ReceiverSession } from './receiver-session';
import { joinSession, leaveSession, parseStreamHello } from './stream-admission';
import { TokenBook, type Claim, type TokenOrder } from './token-book';
import { FormerVisits, progressOf, type Visit, type VisitEnd, type VisitProgress } from './visit';
import { WallClock } from './wall-clock';
import type { Channel } from './wire/channel';
import { parseControl } from './wire/control';
import type { Frame } from './wire/frame';
import type { Hello } from './wire/hello';
import { formatPairing, type Pairing } from './wire/pairing';
import { NotShown, afterSecret, isSameSecret, newSecret, shows } from './wire/secret';

/** Connections that are tested at once: of two senders with as many channels as there may be. */
const mostProbes = 2 * limits.channels.max;

/** Where a receiver listens, for which destination, and who may come. */
export interface ReceiveOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** The QEMUs that wait with `-incoming defer -S`; each migration takes one that is free. */
  readonly destinations: readonly PlaceAddress[];
  /** Their addresses are their own `-incoming` ones: another tool has their monitors and drives them. */
  readonly direct?: boolean;
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
  readonly spawn: SpawnWorker;
  readonly onNotice: (text: string) => void;
  readonly onVisitEnd: (end: VisitEnd) => void;
}

/** Decompress processes a sender is given at most: each costs memory here, and more than there are cores gain nothing. */
const mostThreads = Math.max(8, 2 * availableParallelism());
/**
 * The receiving end as a program of its own, on the destinations' host: takes senders, each for a fresh destination of
 * its own. Between visits a destination's monitor is left alone: QEMU serves one client at a time.
 */
export class ReceiveServer {
  #door: Door | undefined;
  #count = 0;
  readonly #visits = new Set<Visit>();
  /** What senders of visits that have ended show, who do not know it yet. */
  readonly #former = new FormerVisits();
  readonly #probes = new Set<ProbeVisitor>();
  readonly #clock = new WallClock();
  /** Destinations that ended visits have not let go of yet. */
  readonly #leaving = new Set<Promise<void>>();
  readonly #tokens: TokenBook;
  readonly #budget: Budget | undefined;

  private constructor(
    private readonly options: ReceiveOptions,
    private readonly places: Places,
    private readonly hasher: XXHashAPI,
  ) {
    const { maxBandwidth = 0 } = options;
    this.#budget = maxBandwidth === 0 ? undefined : new Budget(maxBandwidth);
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
    return [...this.#visits].map(progressOf);
  }

  async close(): Promise<void> {
    this.#door?.close();
    this.#tokens.close();
    const stopped = new WherryError('wire-refused', 'the receiver was stopped');
    for (const visit of this.#visits) {
      // A sender that is here need not wait for us to come back.
      if (visit.stream?.delivered !== true) visit.stream?.giveUp(stopped);
      visit.control?.giveUp(stopped);
      this.#end(visit, stopped);
    }
    for (const probe of this.#probes) probe.close();
    await this.places.close();
  }

  #admit(channel: Channel, first: Frame): Visitor {
    if (this.#former.knows(first.body)) return this.#seeOff(channel, first);
    if (first.type === 'join') return joinSession(this.#sessionOf(first), channel, first);
    if (first.type === 'leave') return leaveSession(this.#sessionOf(first), channel, first);
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
    const here = [...this.#visits].find(({ streamToken }) => shows(body, streamToken));
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

  /** The session whose secret a first frame shows. */
  #sessionOf({ type, body }: Frame): ReceiverSession | undefined {
    const streams = [...this.#visits].flatMap(({ stream }) => stream ?? []);
    const stream = streams.find((one) => one.knows(body));
    // A goodbye may come after its session's end, which is nobody's fault.
    if (stream === undefined && streams.length > 0 && type === 'join') {
      throw new NotShown('the sender did not show the secret of a session that is here');
    }
    return stream;
  }

  #admitControl(channel: Channel, { body }: Frame): Visitor {
    const before = this.#before('migrate', body, () => parseControl(afterSecret(body)).attempt);
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
      return { resumeWindowMs, visit: this.#newVisit('migrate', { claim, token, attempt }, channel, destination) };
    });
    visit.control = new ControlVisitor(channel, {
      streamToken: visit.streamToken,
      resumeWindowMs,
      onNotice: this.options.onNotice,
      destination: async () => {
        const { destination } = await this.#berth(visit);
        if (destination === undefined) throw new WherryError('internal', 'a destination without a monitor');
        return destination;
      },
      onEnd: (failure) => this.#end(visit, failure),
    });
    return visit.control;
  }

  /**
   * The visit of a sender that comes again: it shows what it was given, or, if it has not heard of that, the token that
   * let it in (which may be used up by now) and what it had chosen itself.
   * @param attempt reads that; asked only of who has shown the token
   */
  #before(kind: Visit['kind'], body: Buffer, attempt: (token: string) => string | undefined): Visit | undefined {
    const visits = [...this.#visits].filter((visit) => visit.kind === kind);
    const known = visits.find(({ streamToken }) => shows(body, streamToken));
    if (known !== undefined) return known;
    const admitted = visits.filter(({ token }) => shows(body, token));
    const [first] = admitted;
    if (first === undefined) return undefined;
    const shown = attempt(first.token);
    return admitted.find((visit) => isSameSecret(visit.attempt, shown));
  }

  /** The stream of a session that is here, or one by itself: a relay's. */
  #admitStream(channel: Channel, first: Frame): Visitor {
    // Together they may have half of the memory.
    const { destinations, maxSessions = destinations.length } = this.options;
    const { maxCacheBytes = Math.floor(totalmem() / 2 / maxSessions) } = this.options;
    const parsed = (token: string): Hello => parseStreamHello(first, token, maxCacheBytes);
    const here = [...this.#visits].find(({ streamToken }) => shows(first.body, streamToken));
    if (here?.stream !== undefined) return here.stream.again(channel, parsed(here.streamToken));
    if (here !== undefined) return this.#receive(here, channel, parsed(here.streamToken), maxCacheBytes);
    const before = this.#before('relay', first.body, (token) => parsed(token).attempt);
    if (before?.stream !== undefined) return before.stream.again(channel, parsed(before.token));
    const { visit, hello } = this.#claimed(first.body, (claim, token) => {
      const hello = parsed(token);
      return {
        hello,
        visit: this.#newVisit('relay', { claim, token, attempt: hello.attempt }, channel, hello.destination),
      };
    });
    return this.#receive(visit, channel, hello, maxCacheBytes);
  }

  #receive(visit: Visit, channel: Channel, hello: Hello, maxCacheBytes: number): Visitor {
    visit.claim.use();
    const allowed = { ...hello, decompressThreads: Math.min(hello.decompressThreads, mostThreads) };
    const stream = new ReceiverSession(channel, allowed, this.hasher, {
      spawn: this.options.spawn,
      maxCacheBytes,
      connectDestination: (late) => this.#connectStream(visit, late),
      onFailure: (error) => this.#streamFailed(visit, error),
      onDone: () => this.#streamDone(visit),
      onNotice: this.options.onNotice,
      ...(this.#budget !== undefined && { budget: this.#budget }),
    });
    visit.stream = stream;
    return stream;
  }

  /** Makes a visit for who shows the pairing text's token; whoever is refused may show it again. */
  #claimed<Made>(body: Buffer, make: (claim: Claim, token: string) => Made): Made {
    const { token } = this.#tokens;
    const claim = this.#tokens.claim(body);
    try {
      const { destinations, maxSessions = destinations.length } = this.options;
      if (this.#visits.size >= maxSessions) {
        throw new WherryError('wire-refused', 'as many senders as are taken at once are connected already');
      }
      return make(claim, token);
    } catch (error) {
      claim.release();
      throw error;
    }
  }

  #newVisit(
    kind: Visit['kind'],
    shown: Pick<Visit, 'claim' | 'token' | 'attempt'>,
    { socket }: Channel,
    label: string | undefined,
  ): Visit {
    const number = ++this.#count;
    const [from, startedAt] = [socket.remoteAddress, Date.now()];
    const visit: Visit = { number, kind, from, startedAt, ...shown, streamToken: newSecret(), label };
    this.#visits.add(visit);
    return visit;
  }

  /** The destination of this visit, taken when it is first asked for. */
  #berth(visit: Visit): Promise<Berth> {
    visit.berth ??= Promise.all(this.#leaving)
      .then(() => this.places.take(visit.label))
      .then((berth) => {
        visit.destination = berth.name;
        return berth;
      });
    return visit.berth;
  }

  /** Nothing where the tool that drives the destination has not made it listen yet, and nothing is to be written yet. */
  async #connectStream(visit: Visit, late: boolean): Promise<Socket | undefined> {
    const berth = await this.#berth(visit);
    const socket = await berth.connectStream().catch((error: unknown) => {
      if (late || this.options.direct !== true) throw error;
      this.options.onNotice(`nobody listens at ${berth.name} yet: tried again when the guest comes`);
    });
    if (socket === undefined) return undefined;
    // Whoever drives this migration needs the monitor, and starts the guest; we do neither.
    if (visit.kind === 'relay') berth.destination?.close();
    return socket;
  }

  #free(berth: Promise<Berth>): void {
    const left = berth.then(
      (taken) => taken.free(),
      () => undefined,
    );
    this.#leaving.add(left);
    void left.then(() => this.#leaving.delete(left));
  }

  #streamFailed(visit: Visit, error: WherryError): void {
    // A session asks what became of the destination before it goes; a relay has nobody to ask for.
    if (visit.kind === 'relay') this.#end(visit, error);
    else this.options.onNotice(`the stream broke: ${error.message}`);
  }

  /** A relay has nothing more to say; a session says by itself when it is over. */
  #streamDone(visit: Visit): void {
    if (visit.kind === 'relay') this.#end(visit, undefined);
  }

  #end(visit: Visit, failure: Failure | undefined): void {
    if (!this.#visits.delete(visit)) return;
    visit.claim.release();
    this.#former.remember(visit);
    const { kind, stream, control, berth } = visit;
    const delivered = stream?.delivered === true || (kind === 'migrate' && failure === undefined);
    stream?.close();
    control?.close();
    if (berth !== undefined) this.#free(berth);
    if (stream === undefined) {
      return this.options.onNotice(`a sender has left before its stream: ${failure?.message ?? 'it does not say why'}`);
    }
    const error = delivered ? undefined : failure;
    const { phase: _phase, ...facts } = progressOf(visit);
    this.options.onVisitEnd({
      ...facts,
      status: delivered ? 'delivered' : 'failed',
      ...(error !== undefined && { error }),
    });
  }
}
