import { WherryError, toFailure } from '../shared/failure';
import { openSender, type Carrier, type CarrierOptions } from './carrier';
import { ClockOffset } from './clock-offset';
import type { Ending } from './endings';
import type { Far, FarFacts } from './far';
import { Channel } from './wire/channel';
import { checkAnswer, parseEvent, parseReply, type Ask, type ControlAnswer, type ControlRequest } from './wire/control';
import { dial } from './wire/dial';
import type { Frame } from './wire/frame';
import { parseFailure } from './wire/hello';
import { encodeJson } from './wire/json';
import type { Pairing } from './wire/pairing';
import { withSecret } from './wire/secret';

/** How often the other clock is looked at, which also shows that the link lives, ms. */
const clockMs = 1000;
/** Round trips before the first prediction. */
const firstLooks = 5;
/** A link on which nothing is answered for so long is lost, ms. */
const answerMs = 15_000;
/** `confirm` waits for the guest twice at the other end. */
const confirmMs = 60_000;

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: WherryError) => void;
}

/** A destination that a receiver elsewhere looks after; this is the link to it, the stream has one of its own. */
export class RemoteFar implements Far {
  readonly #channel: Channel;
  readonly #clock = new ClockOffset();
  readonly #waiting = new Map<number, Waiting>();
  readonly #lostListeners = new Set<(error: WherryError) => void>();
  readonly #resumeListeners = new Set<(atMs: number) => void>();
  #lastRequest = 0;
  #lost: WherryError | undefined;
  #ticker: NodeJS.Timeout | undefined;

  private constructor(private readonly pairing: Pairing) {
    const { host, port, token } = pairing;
    const socket = dial(pairing);
    socket.setKeepAlive(true, answerMs);
    this.#channel = new Channel(socket, 'receiver', {
      onFrame: (frame) => this.#hear(frame),
      onEnd: ({ code, message }) => this.#end(new WherryError(code, `the receiver at ${host}:${port}: ${message}`)),
    });
    this.#channel.send('control', withSecret(token, {}));
  }

  /** Connects and is let in; rejects with `wire-closed`, `wire-protocol` or `wire-refused`. */
  static async connect(pairing: Pairing, { onNotice }: { onNotice: (text: string) => void }): Promise<RemoteFar> {
    const far = new RemoteFar(pairing);
    try {
      for (let look = 0; look < firstLooks; look++) await far.#lookAtClock();
    } catch (error) {
      await far.close();
      throw error;
    }
    far.#ticker = setInterval(() => void far.#lookAtClock().catch(() => undefined), clockMs);
    const offset = far.#clock.offsetMs ?? 0;
    if (Math.abs(offset) >= 1) {
      onNotice(`the clock over there is ${Math.round(offset)} ms off ours (±${Math.ceil(far.#clock.errorMs ?? 0)} ms)`);
    }
    return far;
  }

  inspect(): Promise<FarFacts> {
    return this.#ask({ ask: 'inspect' });
  }

  async carry(options: CarrierOptions): Promise<Carrier> {
    const { streamToken } = await this.#ask({ ask: 'prepare' });
    return openSender({ ...this.pairing, token: streamToken }, options);
  }

  async confirm(paused: boolean): Promise<Ending> {
    try {
      const { end, place, error } = await this.#ask({ ask: 'confirm', paused }, confirmMs);
      return { end, place, ...(error !== undefined && { error: new WherryError(error.code, error.message) }) };
    } catch (error) {
      const { code, message } = toFailure(error);
      const advice =
        'the source has handed the guest over and stays stopped, and whether it was started over there is not known: ' +
        'check the destination (query-status); if it is paused there, `cont` on it; only if it is gone, `cont` on the source';
      return { end: 'uncertain', place: 'unknown', error: new WherryError(code, `${message}; ${advice}`) };
    }
  }

  onResume(listener: (atMs: number) => void): void {
    this.#resumeListeners.add(listener);
  }

  onLost(listener: (error: WherryError) => void): void {
    if (this.#lost !== undefined) listener(this.#lost);
    else this.#lostListeners.add(listener);
  }

  close(): Promise<void> {
    this.#lostListeners.clear();
    this.#end(new WherryError('wire-closed', 'the link was closed here'));
    return Promise.resolve();
  }

  #ask<R extends ControlRequest>(request: R, timeoutMs = answerMs): Promise<ControlAnswer<R['ask']>> {
    return new Promise<unknown>((resolve, reject) => {
      if (this.#lost !== undefined) return reject(this.#lost);
      const number = ++this.#lastRequest;
      const timer = setTimeout(() => {
        const { host, port } = this.pairing;
        this.#end(new WherryError('wire-closed', `the receiver at ${host}:${port} does not answer "${request.ask}"`));
      }, timeoutMs);
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(number);
      };
      this.#waiting.set(number, {
        resolve: (answer) => (done(), resolve(answer)),
        reject: (error) => (done(), reject(error)),
      });
      this.#channel.send('request', encodeJson(request), number);
    }).then((answer) => checkAnswer<R['ask']>(request.ask satisfies Ask, answer));
  }

  async #lookAtClock(): Promise<void> {
    const asked = Date.now();
    const { nowMs } = await this.#ask({ ask: 'clock' });
    this.#clock.sample(asked, nowMs, Date.now());
  }

  #hear({ type, epoch, body }: Frame): void {
    if (type === 'reply') {
      const waiting = this.#waiting.get(epoch);
      if (waiting === undefined)
        throw new WherryError('wire-protocol', `a reply to request ${epoch}, which was not made`);
      const reply = parseReply(body);
      if ('error' in reply) waiting.reject(new WherryError(reply.error.code, reply.error.message));
      else waiting.resolve(reply.answer);
    } else if (type === 'event') {
      const event = parseEvent(body);
      if (event.event === 'lost') this.#tellLost(new WherryError('destination-failed', event.message));
      else for (const listener of this.#resumeListeners) listener(this.#clock.toHere(event.atMs));
    } else if (type === 'failure') {
      const { code, message } = parseFailure(body);
      this.#end(new WherryError(code, message));
    } else throw new WherryError('wire-protocol', `an unexpected ${type} frame`);
  }

  #end(error: WherryError): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    clearInterval(this.#ticker);
    this.#channel.destroy();
    for (const { reject } of [...this.#waiting.values()]) reject(error);
    this.#tellLost(error);
  }

  #tellLost(error: WherryError): void {
    for (const listener of [...this.#lostListeners]) listener(error);
    this.#lostListeners.clear();
  }
}
