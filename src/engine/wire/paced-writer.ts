import { performance } from 'node:perf_hooks';
import { frameHead, type FrameType } from './frame';
import { Lane, type Wire } from './lane';
import { Pace } from './pace';

interface Waiting {
  readonly bytes: readonly Uint8Array[];
  /** It goes on the first channel, whichever has room. */
  readonly first: boolean;
  readonly written: () => void;
}

/**
 * Writes frames over the channels of a wire, no faster than the limit over all of them, and never more ahead of the
 * receiver than the in-flight bound. A channel takes its next frame when it has written the last one and has room, so
 * that a slow one holds back its own bytes and no others. A channel without a connection holds back its own frames too.
 */
export class PacedWriter {
  readonly #pace: Pace;
  readonly #wire: Wire;
  readonly #lanes: Lane[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #roomWanted: (() => void)[] = [];
  #blockedSince: number | undefined;
  #blockedMs = 0;

  /** @param rate bytes a second, 0 for unlimited */
  constructor(rate: number) {
    const lanes = this.#lanes;
    this.#pace = new Pace(rate);
    this.#wire = {
      pace: this.#pace,
      get channels() {
        return lanes.length;
      },
      onChange: () => this.#offer(),
    };
  }

  /** One more channel; all but the first are for striped frames only. It writes as soon as it has a connection. */
  add(): Lane {
    const lane = new Lane(this.#wire);
    this.#lanes.push(lane);
    return lane;
  }

  /** The link is over: what waits to be written is dropped. */
  end(): void {
    for (const lane of this.#lanes) lane.end();
  }

  /** Bytes written and not yet taken by the receiver, over all channels. */
  get inFlight(): number {
    return this.#lanes.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  /** Bytes kept until the receiver has taken them, over all channels. */
  get keptBytes(): number {
    return this.#lanes.reduce((sum, { keptBytes }) => sum + keptBytes, 0);
  }

  /** Bytes written so far, for each channel. */
  get channelBytes(): readonly number[] {
    return this.#lanes.map(({ bytesSent }) => bytesSent);
  }

  /** Smallest round trip seen, ms. */
  get roundTripMs(): number {
    return this.#pace.roundTripMs;
  }

  /** The limit, or without one what the link gives when it is full; bytes a second, 0 for unknown. */
  get linkRate(): number {
    return this.#pace.linkRate;
  }

  /** Milliseconds spent waiting for the limiter. */
  get limitedMs(): number {
    return this.#pace.limitedMs;
  }

  /** Milliseconds in which there was something to write, or room was asked for, and every channel waited for the link. */
  get blockedMs(): number {
    return this.#blockedMs + (this.#blockedSince === undefined ? 0 : performance.now() - this.#blockedSince);
  }

  /** Goes on at another rate, bytes a second; 0 for unlimited. */
  setRate(rate: number): void {
    this.#pace.setRate(rate);
    this.#offer();
  }

  /** Writes nothing more until `resume`; what is being written stops in the middle of its frame. */
  pause(): void {
    this.#pace.pause();
  }

  resume(): void {
    this.#pace.resume();
  }

  /** Queues a frame for the first channel; resolves when its last byte went to the socket (or the link is over). */
  send(type: FrameType, body: readonly Uint8Array[] = [], epoch = 0, aux = 0): Promise<void> {
    return this.#queue(true, type, body, epoch, aux);
  }

  /** Queues a frame for the channel that has room first. */
  stripe(type: FrameType, body: readonly Uint8Array[], epoch: number, aux: number): Promise<void> {
    return this.#queue(false, type, body, epoch, aux);
  }

  /** Resolves when a striped frame would not have to wait (or the link is over). */
  room(): Promise<void> {
    return new Promise((resolve) => {
      this.#roomWanted.push(resolve);
      this.#offer();
    });
  }

  #queue(first: boolean, type: FrameType, body: readonly Uint8Array[], epoch: number, aux: number): Promise<void> {
    const length = body.reduce((sum, { length }) => sum + length, 0);
    const bytes = [frameHead(type, length, epoch, aux), ...body];
    return new Promise((written) => {
      this.#waiting.push({ bytes, first, written });
      this.#offer();
    });
  }

  /** Gives what waits, in order, to channels that are free for it. */
  #offer(): void {
    for (let at = 0; at < this.#waiting.length;) {
      const next = this.#waiting[at] as Waiting;
      const lane = this.#laneFor(next);
      if (lane === undefined) {
        at += 1;
        continue;
      }
      this.#waiting.splice(at, 1);
      void lane.write(next.bytes).then(() => {
        next.written();
        this.#offer();
      });
    }
    if (this.#waiting.length === 0 && this.#lanes.some(({ free }) => free)) {
      for (const resolve of this.#roomWanted.splice(0)) resolve();
    }
    this.#clock();
  }

  /** Of the lanes that are free for it the one with the least on the way; among equals, the one least used so far. */
  #laneFor({ first }: Waiting): Lane | undefined {
    const free = this.#lanes.filter((lane, index) => lane.free && (!first || index === 0));
    return free.sort((a, b) => a.inFlight - b.inFlight || a.bytesSent - b.bytesSent)[0];
  }

  #clock(): void {
    const asked = this.#waiting.length > 0 || this.#roomWanted.length > 0;
    const wanted = asked || this.#lanes.some(({ busy }) => busy);
    const blocked = wanted && this.#lanes.every(({ busy, blocked, free }) => (busy ? blocked : !free));
    if (blocked) this.#blockedSince ??= performance.now();
    else if (this.#blockedSince !== undefined) {
      this.#blockedMs = this.blockedMs;
      this.#blockedSince = undefined;
    }
  }
}
