import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { WherryError, toFailure, type FailureCode } from '../shared/failure';
import { clockText, type LinkFigures } from '../shared/link';
import type { MigrationSettings } from '../shared/settings';
import type { Reconnecting } from '../shared/snapshot';
import { openSender, type Carrier, type CarrierOptions } from './carrier';
import { ClockOffset } from './clock-offset';
import type { Ending } from './endings';
import type { Far, FarFacts } from './far';
import { tryLink } from './link-test';
import { WallClock } from './wall-clock';
import { backoffMs } from './wire/backoff';
import { Channel } from './wire/channel';
import {
  checkAnswer,
  parseEvent,
  parseReply,
  type Ask,
  type ControlAnswer,
  type ControlOpening,
  type ControlRequest,
} from './wire/control';
import { dial, dialMs, onceProved } from './wire/dial';
import type { Frame } from './wire/frame';
import { parseFailure } from './wire/hello';
import { encodeJson } from './wire/json';
import type { Pairing } from './wire/pairing';
import { isPassing } from './wire/link-error';
import { Outage } from './wire/outage';
import { Pulse } from './wire/pulse';
import { neverHeard } from './wire/sender-link';
import { newSecret, withSecret } from './wire/secret';
import { ofReceiver, toldByReceiver } from './wire/told';

/** How often the other clock is looked at, which also shows that the link lives, ms. */
const clockMs = 1000;
/** Round trips before the first prediction. */
const firstLooks = 5;
/** A link on which nothing is answered for so long is lost, ms. */
const answerMs = 15_000;
/** How long it may take to say goodbye, ms. */
const leaveMs = 2000;
/** `confirm` waits for the guest twice at the other end. */
const confirmMs = 60_000;

/** Looks at the clock in a row without an answer, after which a link is dead. */
const mostSilent = 5;

/** How long a lost link may be waited for, and who is told. */
export interface RemoteFarOptions {
  readonly settings: Pick<MigrationSettings, 'resumeWindowMs' | 'switchoverResumeWindowMs'>;
  readonly onNotice: (text: string) => void;
  /** Nobody wants it any more: what is under way is ended, and rejects. */
  readonly signal?: AbortSignal | undefined;
}

interface Waiting {
  readonly request: ControlRequest;
  /** Runs while there is a connection. */
  readonly timer: NodeJS.Timeout;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: WherryError) => void;
}

/** A destination that a receiver elsewhere looks after; this is the link to it, the stream has one of its own. */
export class RemoteFar implements Far {
  #channel: Channel;
  #pulse = new Pulse(dialMs / clockMs);
  /** The link it has now is one that can be heard on. */
  #proved = false;
  readonly #outage: Outage;
  readonly #closing = new AbortController();
  /** What lets us in again, once it is known; hex. */
  #streamToken: string | undefined;
  /** What makes us known before that, beside the token; hex. */
  readonly #attempt = newSecret();
  /** Somebody has been there, and has let us in. */
  #met = false;
  #heard = false;
  #tries = 0;
  /** When the receiver was heard last, and when the stream got a link of its own, which counts its losses itself. */
  #heardAt = performance.now();
  #carriedAt = Infinity;
  #lossCounts = false;
  #reconnects = 0;
  #resumed = false;
  readonly #here = new WallClock();
  readonly #clock = new ClockOffset();
  #link: LinkFigures | undefined;
  readonly #waiting = new Map<number, Waiting>();
  readonly #lostListeners = new Set<(error: WherryError) => void>();
  readonly #resumeListeners = new Set<(atMs: number, errorMs?: number) => void>();
  #lastRequest = 0;
  #lost: WherryError | undefined;
  readonly #ticker: NodeJS.Timeout;

  private constructor(
    private readonly pairing: Pairing,
    private readonly options: RemoteFarOptions,
  ) {
    this.#outage = new Outage({
      windowMs: options.settings.resumeWindowMs,
      onNotice: options.onNotice,
      onExpired: (error) => this.#end(error),
    });
    this.#channel = this.#open(pairing.token);
    this.#ticker = setInterval(() => this.#tick(), clockMs);
  }

  /** A connection that shows this secret, and asks what has not been answered yet, under the same numbers. */
  #open(secret: string): Channel {
    const { resumeWindowMs } = this.options.settings;
    const { destination } = this.pairing;
    const attempt = this.#attempt;
    const socket = dial(this.pairing);
    socket.setKeepAlive(true, answerMs);
    socket.once('connect', () => (this.#met = true));
    this.#proved = false;
    this.#pulse = new Pulse(dialMs / clockMs);
    onceProved(this.pairing, socket, () => {
      this.#proved = true;
      this.#pulse = new Pulse(mostSilent);
    });
    const channel: Channel = new Channel(socket, 'receiver', {
      onFrame: (frame) => this.#hear(frame),
      onEnd: ({ code, message }) => this.#broken(this.#named(code, message)),
    });
    const opening: ControlOpening = { resumeWindowMs, attempt, ...(destination !== undefined && { destination }) };
    channel.send('control', withSecret(secret, opening));
    for (const [number, { request, timer }] of this.#waiting) {
      timer.refresh();
      channel.send('request', encodeJson(request), number);
    }
    return channel;
  }

  #named(code: FailureCode, message: string): WherryError {
    const early = code === 'wire-closed' && this.#met && !this.#heard ? neverHeard : '';
    return new WherryError(code, `${ofReceiver(this.#where, message)}${early}`);
  }

  get #where(): string {
    return `the receiver at ${this.pairing.host}:${this.pairing.port}`;
  }

  /**
   * The connection is gone: another one takes its place where that is allowed, and the time for it is not over. Where
   * nobody has ever been, nobody is waited for.
   */
  #broken(error: WherryError): void {
    if (this.#lost !== undefined) return;
    const passes = error.code === 'wire-closed' || (this.#heard && isPassing(error));
    if (!passes || !this.#met || !this.#outage.allowed) return this.#end(error);
    if (this.#outage.reconnecting === undefined) this.#lossCounts = this.#heardAt < this.#carriedAt;
    this.#outage.begin(0, error.message);
    void this.#restore();
  }

  async #restore(): Promise<void> {
    const { signal } = this.#closing;
    try {
      await wait(backoffMs(this.#tries++, Math.random()), undefined, { signal });
    } catch {
      return; // nobody waits any more
    }
    this.#channel = this.#open(this.#secret);
  }

  #restored(): void {
    if (this.#outage.reconnecting === undefined) return;
    if (this.#lossCounts) this.#reconnects += 1;
    this.#outage.end(0);
  }

  /** Looks at the clock, and at whether anything was heard since the last times. */
  #tick(): void {
    if (this.#channel.ended) return;
    if (this.#pulse.beat(false)) {
      this.#channel.destroy();
      return this.#broken(this.#named('wire-closed', `it has said nothing for ${this.#pulse.most} s`));
    }
    // Not before it can be asked: what is asked until then is asked all at once.
    if (this.#proved && this.#outage.reconnecting === undefined) void this.#lookAtClock().catch(() => undefined);
  }

  /** Connects and is let in; rejects with `wire-closed`, `wire-protocol` or `wire-refused`. */
  static async connect(pairing: Pairing, options: RemoteFarOptions): Promise<RemoteFar> {
    const { onNotice, signal } = options;
    const far = new RemoteFar(pairing, options);
    signal?.addEventListener('abort', () => void far.close(), { once: true });
    try {
      if (signal?.aborted === true) await far.close();
      for (let look = 0; look < firstLooks; look++) await far.#lookAtClock();
    } catch (error) {
      await far.close();
      throw error;
    }
    const [clockOffsetMs, clockErrorMs] = [far.#clock.offsetMs ?? 0, far.#clock.errorMs ?? 0];
    if (Math.abs(clockOffsetMs) >= Math.max(1, clockErrorMs)) {
      onNotice(`the clock of ${far.#where}: ${clockText({ clockOffsetMs, clockErrorMs })}`);
    }
    return far;
  }

  async inspect(): Promise<FarFacts> {
    const facts = await this.#ask({ ask: 'inspect' });
    return { ...facts, where: `${facts.where}, with ${this.#where},` };
  }

  async carry(options: CarrierOptions): Promise<Carrier> {
    const { signal } = options;
    const { streamToken } = await this.#ask({ ask: 'prepare' });
    this.#streamToken = streamToken;
    const to = { ...this.pairing, token: streamToken };
    const test = await tryLink(to, options.settings, options.onNotice, { signal });
    this.#link = test?.figures;
    for (const { askedMs, thereMs, answeredMs } of test?.looks ?? []) this.#clock.sample(askedMs, thereMs, answeredMs);
    if (this.#lost !== undefined) throw this.#lost;
    this.#carriedAt = performance.now();
    return openSender(to, options, true);
  }

  get reconnects(): number {
    return this.#reconnects;
  }

  get reconnecting(): Reconnecting | undefined {
    return this.#outage.reconnecting;
  }

  get link(): LinkFigures | undefined {
    return this.#link;
  }

  get roundTripMs(): number | undefined {
    return this.#clock.roundTripMs;
  }

  async confirm(paused: boolean): Promise<Ending> {
    try {
      // There is no way back any more, so there is nothing to hurry for.
      this.#outage.hurry(undefined);
      const { end, place, error } = await this.#ask({ ask: 'confirm', paused }, confirmMs);
      return { end, place, ...(error !== undefined && { error: toldByReceiver(error) }) };
    } catch (error) {
      const { code, message } = toFailure(error);
      const advice =
        'the source has handed the guest over and stays stopped, and whether it was started over there is not known: ' +
        'check the destination (query-status); if it is paused there, `cont` on it; only if it is gone, `cont` on the source';
      return { end: 'uncertain', place: 'unknown', error: new WherryError(code, `${message}; ${advice}`) };
    }
  }

  onResume(listener: (atMs: number, errorMs?: number) => void): void {
    this.#resumeListeners.add(listener);
  }

  onLost(listener: (error: WherryError) => void): void {
    if (this.#lost !== undefined) listener(this.#lost);
    else this.#lostListeners.add(listener);
  }

  hurry(stopped: boolean): void {
    this.#outage.hurry(stopped ? this.options.settings.switchoverResumeWindowMs : undefined);
  }

  close(): Promise<void> {
    this.#lostListeners.clear();
    const here = this.#lost === undefined && this.#heard;
    const away = this.#outage.reconnecting !== undefined;
    if (here && !away && !this.#channel.ended) {
      this.#sayLeave();
      this.#channel.finish();
    }
    this.#end(new WherryError('wire-closed', 'the link was closed here'));
    if (here && away) this.#leave();
    return Promise.resolve();
  }

  /** On a connection of its own, where the one before is lost. */
  #leave(): void {
    const { socket } = (this.#channel = this.#open(this.#secret));
    this.#sayLeave();
    onceProved(this.pairing, socket, () => this.#channel.finish());
    const timer = setTimeout(() => this.#channel.destroy(), leaveMs);
    socket.once('close', () => clearTimeout(timer));
  }

  #sayLeave(): void {
    this.#channel.send('request', encodeJson({ ask: 'leave' } satisfies ControlRequest), ++this.#lastRequest);
  }

  /** What lets us in again. */
  get #secret(): string {
    return this.#streamToken ?? this.pairing.token;
  }

  #ask<R extends ControlRequest>(request: R, timeoutMs = answerMs): Promise<ControlAnswer<R['ask']>> {
    return new Promise<unknown>((resolve, reject) => {
      if (this.#lost !== undefined) return reject(this.#lost);
      const number = ++this.#lastRequest;
      const timer = setTimeout(() => {
        // While there is no connection nothing can be answered: what the window is for.
        if (this.#outage.reconnecting !== undefined) return void timer.refresh();
        this.#end(new WherryError('wire-closed', `${this.#where} does not answer "${request.ask}"`));
      }, timeoutMs);
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(number);
      };
      this.#waiting.set(number, {
        request,
        timer,
        resolve: (answer) => (done(), resolve(answer)),
        reject: (error) => (done(), reject(error)),
      });
      this.#channel.send('request', encodeJson(request), number);
    }).then((answer) => checkAnswer<R['ask']>(request.ask satisfies Ask, answer));
  }

  async #lookAtClock(): Promise<void> {
    const asked = this.#here.now();
    const { nowMs } = await this.#ask({ ask: 'clock' });
    this.#clock.sample(asked, nowMs, this.#here.now());
  }

  #hear({ type, epoch, body }: Frame): void {
    this.#pulse.heard();
    this.#heardAt = performance.now();
    if (type !== 'failure') {
      this.#heard = true;
      this.#restored();
      this.#tries = 0;
    }
    if (type === 'reply') {
      const waiting = this.#waiting.get(epoch);
      if (waiting === undefined)
        throw new WherryError('wire-protocol', `a reply to request ${epoch}, which was not made`);
      const reply = parseReply(body);
      if ('error' in reply) waiting.reject(toldByReceiver(reply.error));
      else waiting.resolve(reply.answer);
    } else if (type === 'event') {
      const event = parseEvent(body);
      if (event.event === 'lost')
        this.#tellLost(toldByReceiver({ code: 'destination-failed', message: event.message }));
      else this.#tellResumed(event.atMs);
    } else if (type === 'failure') {
      const error = toldByReceiver(parseFailure(body));
      if (!isPassing(error)) return this.#end(error);
      this.#channel.destroy();
      this.#broken(error);
    } else throw new WherryError('wire-protocol', `an unexpected ${type} frame`);
  }

  #end(error: WherryError): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    clearInterval(this.#ticker);
    this.#outage.close();
    this.#closing.abort();
    if (!this.#channel.ended) this.#channel.destroy();
    for (const { reject } of [...this.#waiting.values()]) reject(error);
    this.#tellLost(error);
  }

  /** Once: what was said before a link was lost may be said again. */
  #tellResumed(atMs: number): void {
    if (this.#resumed) return;
    this.#resumed = true;
    for (const listener of this.#resumeListeners) listener(this.#clock.toHere(atMs), this.#clock.errorMs);
  }

  #tellLost(error: WherryError): void {
    for (const listener of [...this.#lostListeners]) listener(error);
    this.#lostListeners.clear();
  }
}
