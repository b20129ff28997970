import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { WherryError, type FailureCode } from '../../shared/failure';
import type { Reconnecting } from '../../shared/snapshot';
import { backoffMs } from './backoff';
import { Channel } from './channel';
import {
  checkAnswer,
  parseEvent,
  type Ask,
  type ControlAnswer,
  type ControlEvent,
  type ControlOpening,
  type ControlRequest,
} from './control';
import { dial, dialMs, onceProved } from './dial';
import type { Frame } from './frame';
import { sayGoodbye } from './goodbye';
import { parseFailure } from './hello';
import { encodeJson } from './json';
import { isPassing } from './link-error';
import { Outage } from './outage';
import type { Pairing } from '../../shared/pairing';
import { Pulse } from './pulse';
import { Requests } from './requests';
import { newSecret, withSecret } from './secret';
import { neverHeard, ofReceiver, toldByReceiver } from './told';
import { Way } from './way';

/** How often it is looked whether the link lives, ms. */
const beatMs = 1000;
/** Beats in a row on which nothing was heard, after which a link is dead. */
const mostSilent = 5;
/** A link on which nothing is answered for so long is lost, ms. */
const answerMs = 15_000;

/** How long a lost link may be waited for, and who is told of what. */
export interface ControlLinkOptions {
  readonly resumeWindowMs: number;
  readonly onNotice: (text: string) => void;
  readonly onEvent: (event: ControlEvent) => void;
  /** Each second in which something can be asked: somebody has to, for the link to be heard. */
  readonly onBeat: () => void;
  /** It is over, for this reason; said once. */
  readonly onEnd: (error: WherryError) => void;
}

/** The link over which a receiver is asked for things; it outlives its connections. */
export class ControlLink {
  #channel: Channel;
  #pulse = new Pulse(dialMs / beatMs);
  /** The connection it has now is one that can be heard on. */
  #proved = false;
  readonly #way = new Way();
  readonly #outage: Outage;
  readonly #closing = new AbortController();
  /** What lets us in again, once it is known; hex. */
  #streamToken: string | undefined;
  /** What makes us known before that, beside the token; hex. */
  readonly #attempt = newSecret();
  /** Somebody has been there. */
  #met = false;
  /** And has let us in. */
  #heard = false;
  #tries = 0;
  /** When the receiver was heard last, and when the stream got a link of its own, which counts its losses itself. */
  #heardAt = performance.now();
  #carriedAt = Infinity;
  /** When it had been heard last before the latest loss. */
  #heardUntil = 0;
  readonly #mended = { before: 0, between: 0 };
  /** While there is no connection nothing can be answered: what the window is for. Whether one comes about, the pulse says. */
  readonly #requests = new Requests({
    excused: () => this.#outage.reconnecting !== undefined || !this.#proved,
    onLate: (ask) => this.#end(new WherryError('wire-closed', `${this.where} does not answer "${ask}"`)),
  });
  #lost: WherryError | undefined;
  readonly #beat: NodeJS.Timeout;

  constructor(
    private readonly pairing: Pairing,
    private readonly options: ControlLinkOptions,
  ) {
    this.#outage = new Outage({
      windowMs: options.resumeWindowMs,
      onNotice: options.onNotice,
      onExpired: (error) => this.#end(error),
    });
    this.#channel = this.#open();
    this.#beat = setInterval(() => this.#look(), beatMs);
  }

  /** Why it is over; absent while it is not. */
  get lost(): WherryError | undefined {
    return this.#lost;
  }

  /**
   * Losses that were mended, those of the stream's own link among them, which are so many: since that began, it counts.
   * What was mended after that and may have happened before is one of those where there are any.
   */
  reconnectsBeside(stream: number): number {
    return this.#mended.before + Math.max(this.#mended.between, stream);
  }

  get reconnecting(): Reconnecting | undefined {
    return this.#outage.reconnecting;
  }

  /** The receiver in words. */
  get where(): string {
    return `the receiver at ${this.pairing.host}:${this.pairing.port}`;
  }

  /** From now on this lets us in again, hex; the pairing text's token may be used up. */
  use(streamToken: string): void {
    this.#streamToken = streamToken;
  }

  /** The stream has a link of its own from now on. */
  carried(): void {
    this.#carriedAt = performance.now();
  }

  /** From now on a loss may last so long, ms; the whole window again where that is absent. */
  hurry(windowMs: number | undefined): void {
    this.#outage.hurry(windowMs);
  }

  /** Asks for something; rejects with what the receiver says against it, or with why the link ended. */
  async ask<R extends ControlRequest>(request: R, timeoutMs = answerMs): Promise<ControlAnswer<R['ask']>> {
    if (this.#lost !== undefined) throw this.#lost;
    const number = this.#requests.number();
    const answer = this.#requests.add(number, request, timeoutMs);
    this.#channel.send('request', encodeJson(request), number);
    return checkAnswer<R['ask']>(request.ask satisfies Ask, await answer);
  }

  /** Says goodbye and ends it; what was asked rejects. */
  close(): void {
    const here = this.#lost === undefined && this.#heard;
    const away = this.#outage.reconnecting !== undefined;
    if (here && !away && !this.#channel.ended) {
      this.#sayLeave(this.#channel);
      this.#channel.finish();
    }
    this.#end(new WherryError('wire-closed', 'the link was closed here'));
    if (!here || !away) return;
    sayGoodbye(this.pairing, (channel) => {
      this.#introduce(channel);
      this.#sayLeave(channel);
    });
  }

  /** A connection that shows our secret, and asks what has not been answered yet, under the same numbers. */
  #open(): Channel {
    const socket = dial(this.pairing);
    this.#way.watch(this.pairing, socket);
    socket.setKeepAlive(true, answerMs);
    socket.once('connect', () => (this.#met = true));
    this.#proved = false;
    // Of a receiver that was never heard it is not known how long the way is, nor whether it is busy starting.
    const mostMs = this.#heard ? Math.max(mostSilent * beatMs, this.#way.againMs) : dialMs;
    this.#pulse = new Pulse(Math.ceil(mostMs / beatMs));
    onceProved(this.pairing, socket, () => {
      this.#proved = true;
      this.#pulse = new Pulse(mostSilent);
    });
    const channel: Channel = new Channel(socket, 'receiver', {
      onFrame: (frame) => this.#hear(frame),
      onEnd: ({ code, message }) => this.#broken(this.#named(code, message)),
    });
    this.#introduce(channel);
    this.#requests.repeat((number, request) => channel.send('request', encodeJson(request), number));
    return channel;
  }

  #introduce(channel: Channel): void {
    const { destination } = this.pairing;
    const opening: ControlOpening = {
      resumeWindowMs: this.options.resumeWindowMs,
      attempt: this.#attempt,
      ...(destination !== undefined && { destination }),
    };
    channel.send('control', withSecret(this.#streamToken ?? this.pairing.token, opening));
  }

  #named(code: FailureCode, message: string): WherryError {
    const early = code === 'wire-closed' && this.#met && !this.#heard ? neverHeard : '';
    return new WherryError(code, `${ofReceiver(this.where, message)}${early}`);
  }

  /**
   * The connection is gone: another one takes its place where that is allowed, and the time for it is not over. Where
   * nobody has ever been, nobody is waited for.
   */
  #broken(error: WherryError): void {
    if (this.#lost !== undefined) return;
    const passes = error.code === 'wire-closed' || (this.#heard && isPassing(error));
    if (!passes || !this.#met || !this.#outage.allowed) return this.#end(error);
    if (this.#outage.reconnecting === undefined) this.#heardUntil = this.#heardAt;
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
    this.#channel = this.#open();
  }

  #restored(): void {
    if (this.#outage.reconnecting === undefined) return;
    if (performance.now() < this.#carriedAt) this.#mended.before += 1;
    else if (this.#heardUntil < this.#carriedAt) this.#mended.between += 1;
    this.#outage.end(0);
  }

  /** Looks at whether anything was heard since the last times. */
  #look(): void {
    if (this.#channel.ended) return;
    if (this.#pulse.beat(false)) {
      this.#channel.destroy();
      return this.#broken(this.#named('wire-closed', `it has said nothing for ${this.#pulse.most} s`));
    }
    // Not before it can be asked: what is asked until then is asked all at once.
    if (this.#proved && this.#outage.reconnecting === undefined) this.options.onBeat();
  }

  #hear({ type, epoch, body }: Frame): void {
    this.#pulse.heard();
    this.#heardAt = performance.now();
    if (type !== 'failure') {
      this.#heard = true;
      this.#restored();
      this.#tries = 0;
    }
    if (type === 'reply') this.#requests.answer(epoch, body);
    else if (type === 'event') this.options.onEvent(parseEvent(body));
    else if (type === 'failure') {
      const error = toldByReceiver(parseFailure(body));
      if (!isPassing(error)) return this.#end(error);
      this.#channel.destroy();
      this.#broken(error);
    } else throw new WherryError('wire-protocol', `an unexpected ${type} frame`);
  }

  #sayLeave(channel: Channel): void {
    channel.send('request', encodeJson({ ask: 'leave' } satisfies ControlRequest), this.#requests.number());
  }

  #end(error: WherryError): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    clearInterval(this.#beat);
    this.#outage.close();
    this.#closing.abort();
    if (!this.#channel.ended) this.#channel.destroy();
    this.#requests.end(error);
    this.options.onEnd(error);
  }
}
