import { randomBytes } from 'node:crypto';
import { WherryError, type Failure } from '../../shared/failure';
import type { Channel } from './channel';
import type { FrameType } from './frame';
import { parseJoin, type Ticket, type Welcome } from './hello';
import { encodeJson } from './json';
import { NotShown, expectSecret, newSecret } from './secret';

/** How long a sender that was let in may take to bring its further channels, ms. */
const defaultJoinMs = 10_000;

/** What a session expects of its channels, and who is told. */
export interface ReceiverLinkOptions {
  /** Channels the sender has announced. */
  readonly channels: number;
  readonly joinMs?: number;
  /** Bytes were taken off the wire. */
  readonly onTaken: () => void;
  /** The sender did not bring the channels it announced. */
  readonly onMissing: (error: WherryError) => void;
}

/** The receiver's end of a wire: the channels of one session, which nobody else can add to. */
export class ReceiverLink {
  readonly #channels = new Map<number, Channel>();
  readonly #ticket: Ticket = { session: randomBytes(8).toString('hex'), secret: newSecret() };
  #joinTimer: NodeJS.Timeout | undefined;
  #held = false;

  constructor(
    first: Channel,
    private readonly options: ReceiverLinkOptions,
  ) {
    this.#take(0, first);
  }

  /** Lets the sender begin, tells it how much cache it may ever ask for, and waits for its further channels. */
  welcome(maxCacheBytes: number): void {
    const { channels, joinMs = defaultJoinMs, onMissing } = this.options;
    this.send('welcome', encodeJson({ ticket: this.#ticket, maxCacheBytes } satisfies Welcome));
    this.#report(0);
    if (channels === 1) return;
    this.#joinTimer = setTimeout(() => {
      onMissing(
        new WherryError('wire-closed', `${this.#channels.size} of ${channels} channels have come within ${joinMs} ms`),
      );
    }, joinMs);
  }

  /** Takes a further channel and says which it is; throws `wire-refused`, `wire-protocol` for one that is not awaited. */
  join(channel: Channel, body: Buffer): number {
    const { session, channel: index } = parseJoin(expectSecret(body, this.#ticket.secret));
    if (session !== this.#ticket.session) throw new NotShown();
    const { channels } = this.options;
    if (index >= channels) {
      throw new WherryError('wire-refused', `channel ${index + 1} of a sender that announced ${channels}`);
    }
    if (this.#channels.has(index)) throw new WherryError('wire-refused', `channel ${index} is here already`);
    this.#take(index, channel);
    channel.send('joined');
    this.#report(index);
    if (this.#channels.size === channels) clearTimeout(this.#joinTimer);
    return index;
  }

  /** Writes a frame on the first channel. */
  send(type: FrameType, body?: Buffer, epoch?: number): void {
    this.#channels.get(0)?.send(type, body, epoch);
  }

  /** Takes nothing more off the wire, or goes on with that. */
  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    for (const { socket } of this.#channels.values())
      if (held) socket.pause();
      else socket.resume();
  }

  /** Tells the sender why, on every channel: which of them it hears first is not ours to say. */
  giveUp(failure: Failure): void {
    clearTimeout(this.#joinTimer);
    for (const channel of this.#channels.values()) channel.giveUp(failure);
  }

  destroy(): void {
    clearTimeout(this.#joinTimer);
    for (const channel of this.#channels.values()) channel.destroy();
  }

  #take(index: number, channel: Channel): void {
    this.#channels.set(index, channel);
    if (this.#held) channel.socket.pause();
    channel.socket.on('data', () => {
      this.#report(index);
      this.options.onTaken();
    });
  }

  /** Tells the sender what has been taken of a channel. */
  #report(index: number): void {
    const channel = this.#channels.get(index);
    if (channel === undefined || channel.ended) return;
    const total = Buffer.allocUnsafe(8);
    total.writeBigUInt64BE(BigInt(channel.bytesReceived));
    channel.send('received', total);
  }
}
