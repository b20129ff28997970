import type { Socket } from 'node:net';
import { hostname, totalmem } from 'node:os';
import xxhash, { type XXHashAPI } from 'xxhash-wasm';
import { WherryError, type Failure } from '../shared/failure';
import type { Identity } from '../shared/identity';
import type { SpawnWorker } from '../shared/worker';
import { ControlVisitor } from './control-visitor';
import { Destination } from './destination';
import { Door, type Visitor } from './door';
import { expectIncoming } from './prepare';
import { ReceiverSession, joinSession, leaveSession, parseStreamHello } from './receiver';
import { StreamSockets, connectQemu } from './stream-sockets';
import { TokenBook, type Claim, type TokenOrder } from './token-book';
import type { Channel } from './wire/channel';
import { parseControl } from './wire/control';
import type { Frame } from './wire/frame';
import type { Hello } from './wire/hello';
import { formatPairing, type Pairing } from './wire/pairing';
import { afterSecret, newSecret, shows } from './wire/secret';

/** A sender that is here now. */
export interface VisitProgress {
  /** Counts this receiver's visits, from 1. */
  readonly number: number;
  /** `migrate`: the session drives the destination through us. `relay`: some other tool does. */
  readonly kind: 'migrate' | 'relay';
  /** IP address it came from; absent where its link was gone at once. */
  readonly from?: string;
  /** Since the epoch, ms. */
  readonly startedAt: number;
  /** `connected`: no stream yet. `delivered`: the destination has been given all of it. */
  readonly phase: 'connected' | 'receiving' | 'delivered';
  /** Bytes of the guest's stream given to the destination so far. */
  readonly deliveredBytes: number;
}

/** What became of one sender; whether the guest runs is for the sender's side to say. */
export interface VisitEnd extends Omit<VisitProgress, 'phase'> {
  /** `delivered`: the destination was given the whole stream. */
  readonly status: 'delivered' | 'failed';
  readonly error?: Failure;
}

/** Where a receiver listens, for which destination, and who may come. */
export interface ReceiveOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** QMP address of the QEMU that waits with `-incoming defer -S`. */
  readonly destination: string;
  /** `destination` is a QEMU's own `-incoming` address instead: another tool has its monitor and drives it. */
  readonly direct?: boolean;
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

/** A sender, the destination it is for, and its stream. */
interface Visit {
  readonly number: number;
  readonly kind: VisitEnd['kind'];
  readonly from: string | undefined;
  readonly startedAt: number;
  readonly claim: Claim;
  /** Hex; what this visit's stream has to show. */
  readonly streamToken: string;
  destination?: Promise<Destination>;
  control?: ControlVisitor;
  stream?: ReceiverSession;
}

/**
 * The receiving end as a program of its own, on the destination's host: takes senders one after the other, each for a
 * fresh destination. Between visits the destination's monitor is left alone: QEMU serves one client at a time.
 */
export class ReceiveServer {
  #door: Door | undefined;
  #visit: Visit | undefined;
  #visits = 0;
  readonly #tokens: TokenBook;

  private constructor(
    private readonly options: ReceiveOptions,
    private readonly sockets: StreamSockets,
    private readonly hasher: XXHashAPI,
  ) {
    this.#tokens = new TokenBook(options.tokens, () => options.onPairing?.(this.pairingText));
  }

  /** Prepares the destination and listens; rejects with what is wrong with the destination, or `wire-closed`. */
  static async listen(options: ReceiveOptions): Promise<ReceiveServer> {
    const sockets = await StreamSockets.create();
    const server = new ReceiveServer(options, sockets, await xxhash());
    try {
      if (options.direct !== true) (await server.#prepared()).close();
      server.#door = await Door.listen(options.host, options.port, {
        admit: (channel, first) => server.#admit(channel, first),
        onNotice: options.onNotice,
        ...(options.identity !== undefined && { identity: options.identity }),
      });
      return server;
    } catch (error) {
      server.#tokens.close();
      await sockets.close();
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
    return this.#visit === undefined ? [] : [progressOf(this.#visit)];
  }

  async close(): Promise<void> {
    this.#door?.close();
    this.#tokens.close();
    if (this.#visit !== undefined) this.#end(this.#visit, new WherryError('cancelled', 'the receiver was stopped'));
    await this.sockets.close();
  }

  /** The destination, waiting for a stream; the one of the last migration is refused, and it says why. */
  async #prepared(): Promise<Destination> {
    const destination = await Destination.connect(this.options.destination);
    try {
      expectIncoming(await destination.inspect());
      await destination.prepare(this.sockets);
      return destination;
    } catch (error) {
      destination.close();
      throw error;
    }
  }

  #admit(channel: Channel, first: Frame): Visitor {
    if (first.type === 'join') return joinSession(this.#visit?.stream, channel, first);
    if (first.type === 'leave') return leaveSession(this.#visit?.stream, channel, first);
    return first.type === 'control' ? this.#admitControl(channel, first) : this.#admitStream(channel, first);
  }

  #admitControl(channel: Channel, { body }: Frame): Visitor {
    const before = this.#visit;
    if (before?.control !== undefined && shows(body, before.streamToken)) {
      parseControl(afterSecret(body));
      before.control.resume(channel);
      return before.control;
    }
    const claim = this.#tokens.claim(body);
    let resumeWindowMs: number;
    try {
      resumeWindowMs = parseControl(afterSecret(body)).resumeWindowMs;
      if (this.options.direct === true) {
        const message =
          'this receiver has no monitor of its destination: let another tool drive, through `wherry send`';
        throw new WherryError('wire-refused', message);
      }
      if (this.#visit !== undefined) throw new WherryError('wire-refused', 'a sender is connected already');
    } catch (error) {
      claim.release();
      throw error;
    }
    const visit = this.#newVisit('migrate', newSecret(), claim, channel);
    this.#visit = visit;
    visit.control = new ControlVisitor(channel, {
      streamToken: visit.streamToken,
      resumeWindowMs,
      onNotice: this.options.onNotice,
      destination: () => (visit.destination ??= this.#prepared()),
      onEnd: (failure) => this.#end(visit, failure),
    });
    return visit.control;
  }

  /** The stream of the session that is here, or one by itself: a relay's. */
  #admitStream(channel: Channel, first: Frame): Visitor {
    const { maxCacheBytes = Math.floor(totalmem() / 2) } = this.options;
    const here = this.#visit;
    const claim = here?.claim ?? this.#tokens.claim(first.body);
    let hello: Hello;
    try {
      hello = parseStreamHello(first, here?.streamToken ?? this.#tokens.token, maxCacheBytes);
      if (here?.stream !== undefined) throw new WherryError('wire-refused', 'a sender is connected already');
    } catch (error) {
      if (here === undefined) claim.release();
      throw error;
    }
    const visit = here ?? this.#newVisit('relay', newSecret(), claim, channel);
    this.#visit = visit;
    claim.use();
    const stream = new ReceiverSession(channel, hello, this.hasher, {
      spawn: this.options.spawn,
      maxCacheBytes,
      connectDestination: () => this.#connectStream(visit),
      onFailure: (error) => this.#streamFailed(visit, error),
      onDone: () => this.#streamDone(visit),
      onNotice: this.options.onNotice,
    });
    visit.stream = stream;
    return stream;
  }

  #newVisit(kind: Visit['kind'], streamToken: string, claim: Claim, { socket }: Channel): Visit {
    return { number: ++this.#visits, kind, from: socket.remoteAddress, startedAt: Date.now(), claim, streamToken };
  }

  async #connectStream(visit: Visit): Promise<Socket> {
    if (this.options.direct === true) return connectQemu(this.options.destination);
    const destination = await (visit.destination ??= this.#prepared());
    const socket = await destination.connectStream();
    // Whoever drives this migration needs the monitor, and starts the guest; we do neither.
    if (visit.kind === 'relay') destination.close();
    return socket;
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
    if (this.#visit !== visit) return;
    this.#visit = undefined;
    visit.claim.release();
    const { kind, stream, control, destination } = visit;
    const delivered = stream?.delivered === true || (kind === 'migrate' && failure === undefined);
    stream?.close();
    control?.close();
    void destination?.then(
      (opened) => opened.close(),
      () => undefined,
    );
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

function progressOf({ number, kind, from, startedAt, stream }: Visit): VisitProgress {
  return {
    number,
    kind,
    ...(from !== undefined && { from }),
    startedAt,
    phase: stream === undefined ? 'connected' : stream.delivered ? 'delivered' : 'receiving',
    deliveredBytes: stream?.deliveredBytes ?? 0,
  };
}
