import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { WherryError, type Failure } from '../../shared/failure';
import { formatDuration } from '../../shared/units';
import { Channel, type ChannelHandlers } from './channel';
import { dialMs, onceProved } from './dial';
import type { Frame, FrameType } from './frame';
import { parseFailure } from './hello';
import type { Endpoint } from '../../shared/pairing';
import { toldByReceiver } from './told';

/** A receiver that does not say at all that it lives is tried again sooner, where that may be. */
const quietMs = 5000;

/** What a receiver is told by one that it has not let in yet, and that will not come back. */
const gone: Failure = { code: 'wire-closed', message: 'the sender has left' };

/** How a connection introduces itself, and who goes on with it. */
export interface HandshakeOptions<Answer> {
  readonly to: Endpoint;
  /** Dialled, and perhaps not connected yet. */
  readonly socket: Socket;
  /** The first frame. */
  readonly type: FrameType;
  readonly body: Buffer;
  /** How long all of it may take, ms. */
  readonly mostMs: number;
  /** There may be another try: one on which nothing is heard is given up sooner. */
  readonly repeatable: boolean;
  /** The receiver lives: it has said something that is no failure. */
  readonly onHeard: () => void;
  /** Takes the connection over by the frame that lets it in; throws `wire-protocol` for any other. */
  readonly admit: (channel: Channel, answer: Frame) => Answer;
  /** Who hears the connection from then on. */
  readonly handlers: ChannelHandlers;
}

/** What a receiver has said instead of letting us in. */
export class Refusal extends WherryError {
  constructor({ body }: Frame) {
    const { code, message } = toldByReceiver(parseFailure(body));
    super(code, message);
  }
}

/** One connection from its first frame to the answer that lets it in. */
export class Handshake<Answer> {
  /** Rejects with a `Refusal`, with why the connection was lost, or with what it was ended for. */
  readonly admitted: Promise<Answer>;
  #resolve!: (answer: Answer) => void;
  #reject!: (error: WherryError) => void;
  #state: 'waiting' | 'admitted' | 'failed' = 'waiting';
  readonly #channel: Channel;
  readonly #deadline: number;
  #timer: NodeJS.Timeout | undefined;
  /** The receiver is the one that was meant. */
  #proved = false;
  /** It has said that it lives. */
  #atWork = false;

  constructor(private readonly options: HandshakeOptions<Answer>) {
    const { to, socket, type, body, mostMs, handlers } = options;
    this.admitted = new Promise((...settle) => ([this.#resolve, this.#reject] = settle));
    this.#deadline = performance.now() + mostMs;
    this.#channel = new Channel(socket, 'receiver', {
      onFrame: (frame) => (this.#state === 'admitted' ? handlers.onFrame(frame) : this.#hear(frame)),
      onEnd: (error) => (this.#state === 'admitted' ? handlers.onEnd(error) : this.#fail(error)),
    });
    this.#wait();
    onceProved(to, socket, () => {
      this.#proved = true;
      this.#wait();
    });
    this.#channel.send(type, body);
  }

  /** Ends it, unless it is over; `leaving`: the receiver is told that nobody will come back. */
  end(error: WherryError, leaving: boolean): void {
    if (this.#state !== 'waiting') return;
    // It may have been let in, and know no other way to say goodbye.
    if (this.#proved && leaving) this.#channel.giveUp(gone);
    this.#fail(error);
  }

  #hear(frame: Frame): void {
    if (frame.type === 'failure') return this.#fail(new Refusal(frame));
    this.options.onHeard();
    if (frame.type === 'received') {
      this.#atWork = true;
      return this.#wait();
    }
    const answer = this.options.admit(this.#channel, frame);
    this.#state = 'admitted';
    clearTimeout(this.#timer);
    this.#resolve(answer);
  }

  #fail(error: WherryError): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'failed';
    clearTimeout(this.#timer);
    if (!this.#channel.ended) this.#channel.destroy();
    this.#reject(error);
  }

  /** Begins to wait for the next sign of life, anew. */
  #wait(): void {
    if (this.#state !== 'waiting') return;
    clearTimeout(this.#timer);
    const { mostMs, repeatable } = this.options;
    const left = Math.max(0, this.#deadline - performance.now());
    const ms = repeatable ? Math.min(left, this.#proved ? quietMs : dialMs) : left;
    const late = this.#atWork && ms === left;
    const why = late
      ? `the receiver has not let us in within ${formatDuration(mostMs)}`
      : `no answer for ${formatDuration(Math.round(ms))}`;
    this.#timer = setTimeout(() => this.#fail(new WherryError('wire-closed', why)), ms);
  }
}
