import { randomFillSync } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { WherryError } from '../../shared/failure';
import { Channel } from './channel';
import { dial } from './dial';
import { frameHead, frameHeadBytes, frameTypes, type Frame } from './frame';
import { parseFailure } from './hello';
import type { Pairing } from '../../shared/pairing';
import { toldByReceiver } from './told';
import { mostArrivals, parseArrived, parsePong, type Arrival } from './probe';

/** What is on its way before anything has arrived, bytes. */
const firstBytes = 16 * 1024;
/** How long bytes may be on their way beyond a round trip, ms: a slow link is not filled for seconds. */
const queueMs = 200;

/** One frame of load, head and all. */
export const loadFrameBytes = frameTypes.load.maxBody;
/** Frames in the block that load is taken from, again and again. */
const blockFrames = 64;

/** What a ping has shown: our time when asked, theirs in between, ours when answered; ms since the epoch. */
export interface ClockLook {
  readonly askedMs: number;
  readonly thereMs: number;
  readonly answeredMs: number;
}

interface Waiting {
  readonly number: number;
  readonly askedMs: number;
  readonly resolve: (look: ClockLook) => void;
  readonly reject: (error: WherryError) => void;
}

/**
 * The sender's end of one connection that is tested. No more is on its way than what has arrived before, and no longer
 * than a round trip and a bit: so a fast link is filled within some round trips, and a slow one not at all.
 */
export class ProbeLink {
  readonly arrivals: Arrival[] = [];
  readonly #channel: Channel;
  #over: WherryError | undefined;
  #waiting: Waiting | undefined;
  #asked = 0;
  /** Bytes that had been written when the load began, and have arrived by now. */
  #before = 0;
  #arrived = 0;
  readonly #underWay: { readonly upTo: number; readonly atMs: number }[] = [];
  #state: 'asking' | 'loading' | 'loaded' | 'settled' = 'asking';
  #full = false;
  #wake: (() => void) | undefined;

  /** Connects, and shows the token. @param now milliseconds since the epoch */
  constructor(
    to: Pairing,
    private readonly now: () => number,
  ) {
    this.#channel = new Channel(dial(to), 'receiver', {
      onFrame: (frame) => this.#hear(frame),
      onEnd: (error) => this.fail(error),
    });
    this.#channel.socket.on('drain', () => {
      this.#full = false;
      this.wake();
    });
    this.#channel.send('probe', Buffer.from(to.token, 'hex'));
  }

  /** It is over, for good or bad. */
  get ended(): boolean {
    return this.#over !== undefined;
  }

  /** The receiver has said that everything has arrived. */
  get settled(): boolean {
    return this.#state === 'settled';
  }

  get bytesSent(): number {
    return this.#channel.bytesSent;
  }

  /** Asks what time it is there; one at a time. Rejects with why the link is over. */
  ping(): Promise<ClockLook> {
    return new Promise((resolve, reject) => {
      if (this.#over !== undefined) return reject(this.#over);
      const number = ++this.#asked;
      this.#waiting = { number, askedMs: this.now(), resolve, reject };
      this.#channel.send('ping', undefined, number);
    });
  }

  /** Load follows: there are no more pings, and all there were have been answered. */
  begin(): void {
    this.#before = this.#arrived = this.bytesSent;
    this.#state = 'loading';
  }

  /** Frames of load that may be written now. @param roundTripMs of the link when it is idle */
  room(roundTripMs: number): number {
    const onTheWay = this.bytesSent - this.#arrived;
    const oldest = this.#underWay[0];
    const late = oldest !== undefined && performance.now() - oldest.atMs >= roundTripMs + queueMs;
    if (this.#full) return 0;
    const most = late ? firstBytes : firstBytes + this.#arrived - this.#before;
    return Math.min(blockFrames, Math.max(0, Math.floor((most - onTheWay) / loadFrameBytes)));
  }

  /** Writes so many frames of load. */
  load(frames: number): void {
    const block = loadBlock();
    const from = this.bytesSent % (blockFrames - frames + 1);
    const bytes = block.subarray(from * loadFrameBytes, (from + frames) * loadFrameBytes);
    this.#full = !this.#channel.write(bytes);
    this.#underWay.push({ upTo: this.bytesSent, atMs: performance.now() });
  }

  /** That was all of it. */
  loaded(): void {
    if (this.#state !== 'loading') return;
    this.#state = 'loaded';
    this.#channel.send('loaded');
  }

  /** Resolves when something has arrived, more may be written, the link is over, or at `wake`. */
  change(): Promise<void> {
    return new Promise((resolve) => {
      if (this.ended) resolve();
      else this.#wake = resolve;
    });
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Throws why it is over, if it is. */
  check(): void {
    if (this.#over !== undefined) throw this.#over;
  }

  /** Ends it at once, with this reason. */
  fail(error: WherryError): void {
    if (this.#over !== undefined) return;
    this.#over = error;
    if (!this.#channel.ended) this.#channel.destroy();
    this.#waiting?.reject(error);
    this.wake();
  }

  /** Ends it; in good order where all of it has arrived. */
  close(): void {
    if (this.settled && !this.ended) this.#channel.finish();
    this.fail(new WherryError('wire-closed', 'the test was ended here'));
  }

  #hear({ type, epoch, aux, body }: Frame): void {
    if (type === 'pong') this.#onPong(epoch, parsePong(body));
    else if (type === 'arrived') this.#onArrived(parseArrived(body), aux === 1);
    else if (type === 'failure') {
      this.fail(toldByReceiver(parseFailure(body)));
    } else throw new WherryError('wire-protocol', `an unexpected ${type} frame`);
  }

  #onPong(number: number, thereMs: number): void {
    const waiting = this.#waiting;
    if (waiting?.number !== number) throw new WherryError('wire-protocol', `a pong ${number} that nobody waits for`);
    this.#waiting = undefined;
    waiting.resolve({ askedMs: waiting.askedMs, thereMs, answeredMs: this.now() });
  }

  #onArrived(arrival: Arrival, last: boolean): void {
    const { atMs, bytes } = arrival;
    const before = this.arrivals.at(-1);
    if (this.#state === 'asking' || this.#state === 'settled') throw unasked('before there was a load');
    if (last && this.#state !== 'loaded') throw unasked('as the last of a load that goes on');
    if (this.arrivals.length >= mostArrivals) throw unasked(`more than ${mostArrivals} times`);
    if (bytes > this.bytesSent || bytes < this.#arrived)
      throw unasked(`of ${bytes} bytes, ${this.bytesSent} were sent`);
    if (before !== undefined && atMs < before.atMs) throw unasked('before the one before it');
    this.arrivals.push(arrival);
    this.#arrived = bytes;
    while ((this.#underWay[0]?.upTo ?? Infinity) <= bytes) this.#underWay.shift();
    if (last) this.#state = 'settled';
    this.wake();
  }
}

function unasked(how: string): WherryError {
  return new WherryError('wire-protocol', `an arrival ${how}`);
}

let made: Buffer | undefined;

/** Frames of load that no method, on no link between, can make smaller. */
function loadBlock(): Buffer {
  if (made !== undefined) return made;
  made = randomFillSync(Buffer.allocUnsafe(blockFrames * loadFrameBytes));
  const head = frameHead('load', loadFrameBytes - frameHeadBytes);
  for (let at = 0; at < made.length; at += loadFrameBytes) head.copy(made, at);
  return made;
}
