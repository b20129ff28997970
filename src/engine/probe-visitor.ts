import { performance } from 'node:perf_hooks';
import { WherryError } from '../shared/failure';
import type { Budget, Lease } from './budget';
import type { Visitor } from './door';
import type { Channel } from './wire/channel';
import type { Frame } from './wire/frame';
import { arrivalsMs, arrivedBody, longestProbeMs, mostPings, mostProbeBytes, pongBody } from './wire/probe';

/** What a test may use, and who hears of its end. */
export interface ProbeOptions {
  /** The stream it was to come before has begun. */
  readonly tooLate: () => boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Of all senders together. */
  readonly budget?: Budget | undefined;
  /** When it is cut, ms from its beginning; 20 s. */
  readonly longestMs?: number;
  readonly onEnd: (visitor: ProbeVisitor) => void;
}

/**
 * The receiver's end of one connection that is tested: says what time it is, and how much has arrived when. It keeps
 * nothing, says little, and lasts for some seconds at most.
 */
export class ProbeVisitor implements Visitor {
  readonly #timer: NodeJS.Timeout;
  readonly #lease: Lease | undefined;
  #pings = 0;
  #state: 'asked' | 'loaded' | 'done' = 'asked';
  #toldAt = -Infinity;
  #telling: NodeJS.Timeout | undefined;

  constructor(
    private readonly channel: Channel,
    private readonly options: ProbeOptions,
  ) {
    const { budget, longestMs = longestProbeMs } = options;
    this.#timer = setTimeout(() => this.#cut(longestMs), longestMs);
    const lease = budget?.lease(() => void (lease?.held === true ? channel.socket.pause() : channel.socket.resume()));
    this.#lease = lease;
    channel.socket.on('data', ({ length }: Buffer) => lease?.took(length));
  }

  hear({ type, epoch }: Frame): void {
    const { channel, options } = this;
    if (type === 'failure') return this.close();
    if (options.tooLate()) throw new WherryError('wire-protocol', `a ${type} frame of a test after the stream began`);
    if (channel.bytesReceived > mostProbeBytes) {
      throw new WherryError('wire-protocol', `a test of more than ${mostProbeBytes} bytes`);
    }
    if (type === 'ping' && this.#state === 'asked') this.#answer(epoch);
    else if (type === 'load' && this.#state !== 'done') this.#arrived();
    else if (type === 'loaded' && this.#state !== 'done') {
      this.#state = 'done';
      this.#tell(1);
    } else throw new WherryError('wire-protocol', `an unexpected ${type} frame`);
  }

  lost(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#telling);
    this.#lease?.close();
    this.options.onEnd(this);
  }

  close(): void {
    this.channel.destroy();
    this.lost();
  }

  #answer(number: number): void {
    if (++this.#pings > mostPings) throw new WherryError('wire-protocol', `more than ${mostPings} pings`);
    this.channel.send('pong', pongBody(this.options.now()), number);
  }

  #arrived(): void {
    this.#state = 'loaded';
    if (performance.now() - this.#toldAt >= arrivalsMs) this.#tell(0);
    else this.#telling ??= setTimeout(() => this.#tell(0), arrivalsMs);
  }

  #tell(last: 0 | 1): void {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    this.#toldAt = performance.now();
    const body = arrivedBody({ bytes: this.channel.bytesReceived, atMs: this.#toldAt });
    this.channel.send('arrived', body, 0, last);
  }

  #cut(longestMs: number): void {
    this.channel.giveUp(new WherryError('wire-closed', `a test of more than ${longestMs} ms`));
    this.lost();
  }
}
