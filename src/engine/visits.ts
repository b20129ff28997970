import type { Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import type { XXHashAPI } from 'xxhash-wasm';
import { WherryError, type Failure } from '../shared/failure';
import type { SpawnWorker } from '../shared/worker';
import type { Budget } from './budget';
import { ControlVisitor } from './control-visitor';
import type { Places, Berth } from './places';
import { ReceiverSession } from './receiver-session';
import { FormerVisits, progressOf, type Visit, type VisitEnd } from './visit';
import type { Channel } from './wire/channel';
import type { Hello } from './wire/hello';
import { newSecret } from './wire/secret';

/** Decompress processes a sender is given at most: each costs memory here, and more than there are cores gain nothing. */
const mostThreads = Math.max(8, 2 * availableParallelism());

/** How those who were let in are served, and who is told. */
export interface ServingOptions {
  /** The destinations' addresses are their own `-incoming` ones: another tool has their monitors and drives them. */
  readonly direct?: boolean;
  readonly spawn: SpawnWorker;
  readonly onNotice: (text: string) => void;
  readonly onVisitEnd: (end: VisitEnd) => void;
}

/** What all visits share. */
export interface SharedByVisits {
  readonly places: Places;
  readonly hasher: XXHashAPI;
  readonly budget: Budget | undefined;
  /** Bytes of XBZRLE cache a sender is given at most. */
  readonly maxCacheBytes: number;
}

/** The senders that are here. Each has a destination to itself, from when it first asks for it until it has gone. */
export class Visits {
  #count = 0;
  readonly #here = new Set<Visit>();
  readonly former = new FormerVisits();
  /** Destinations that ended visits have not let go of yet. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(
    private readonly options: ServingOptions,
    private readonly shared: SharedByVisits,
  ) {}

  get here(): readonly Visit[] {
    return [...this.#here];
  }

  /** A sender is here from now on. @param label of the destination it wants; any that is free when absent */
  begin(
    kind: Visit['kind'],
    shown: Pick<Visit, 'claim' | 'token' | 'attempt'>,
    { socket }: Channel,
    label: string | undefined,
  ): Visit {
    const number = ++this.#count;
    const [from, startedAt] = [socket.remoteAddress, Date.now()];
    const visit: Visit = { number, kind, from, startedAt, ...shown, streamToken: newSecret(), label };
    this.#here.add(visit);
    return visit;
  }

  /** Serves the link over which a session drives the destination. */
  control(visit: Visit, channel: Channel, resumeWindowMs: number): ControlVisitor {
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

  /** Serves a visit's stream, which begins: what let it in is used up. */
  receive(visit: Visit, channel: Channel, hello: Hello): ReceiverSession {
    const { hasher, maxCacheBytes, budget } = this.shared;
    visit.claim.use();
    const allowed = { ...hello, decompressThreads: Math.min(hello.decompressThreads, mostThreads) };
    visit.stream = new ReceiverSession(channel, allowed, hasher, {
      spawn: this.options.spawn,
      maxCacheBytes,
      connectDestination: (late) => this.#connectStream(visit, late),
      onFailure: (error) => this.#streamFailed(visit, error),
      onDone: () => this.#streamDone(visit),
      onNotice: this.options.onNotice,
      ...(budget !== undefined && { budget }),
    });
    return visit.stream;
  }

  /** The receiver stops: a sender that is here need not wait for it to come back. */
  stop(why: WherryError): void {
    for (const visit of this.#here) {
      if (visit.stream?.delivered !== true) visit.stream?.giveUp(why);
      visit.control?.giveUp(why);
      this.#end(visit, why);
    }
  }

  /** The destination of this visit, taken when it is first asked for. */
  #berth(visit: Visit): Promise<Berth> {
    visit.berth ??= Promise.all(this.#leaving)
      .then(() => this.shared.places.take(visit.label))
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
    if (!this.#here.delete(visit)) return;
    visit.claim.release();
    this.former.remember(visit);
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
