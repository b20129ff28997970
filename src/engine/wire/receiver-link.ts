import { randomBytes } from 'node:crypto';
import { WherryError, type Failure } from '../../shared/failure';
import { formatDuration } from '../../shared/units';
import type { Channel } from './channel';
import { countAt, countsBody, frameHeadBytes, isKept, type Frame, type FrameType, type Unfinished } from './frame';
import { parseJoin, parseLeave, type Ticket, type Welcome } from './hello';
import { encodeJson } from './json';
import { usualBeats, type Beats } from './pulse';
import { ReturnLane } from './return-lane';
import { NotShown, expectSecret, newSecret, shows } from './secret';

/** How long a sender that cannot come back may take to bring its further channels once it was let in, ms. */
const defaultJoinMs = 10_000;
/** A sender may see later than we that a link is gone, and its own time counts from there, ms. */
const defaultGraceMs = 15_000;
/** Bytes that wait for the sender to read them, from which on it is not told what was taken: the next word says all. */
const maxUnreadBytes = 64 * 1024;

/** What a session expects of its channels, and who is told. */
export interface ReceiverLinkOptions {
  /** Channels the sender has announced. */
  readonly channels: number;
  /** How long the sender may take to come back, ms; 0: a lost connection is the end. */
  readonly windowMs: number;
  /** It may do so before it was welcomed, too: it has something to show for it. */
  readonly comesAgain?: boolean;
  readonly joinMs?: number;
  readonly graceMs?: number;
  readonly beats?: Beats;
  /** Bytes were taken off the wire. */
  readonly onTaken: (bytes: number) => void;
  /** Nothing more may be said for the moment, or it may again: too much is not yet taken by the sender. */
  readonly onFull: (full: boolean) => void;
  /** The sender did not bring the channels it announced, has not come back, or hears nothing. */
  readonly onMissing: (error: WherryError) => void;
  readonly onNotice: (text: string) => void;
}

/** A channel: the connection it has at the moment, the kept frames that have come on it, and the beginning of the next. */
interface Strand {
  channel: Channel | undefined;
  taken: number;
  unfinished?: Unfinished | undefined;
}

/**
 * The receiver's end of a wire: the channels of one session, which nobody else can add to. A connection that is lost
 * may be replaced by whoever shows the session's secret; so may one that only the sender knows to be dead.
 */
export class ReceiverLink {
  readonly #strands = new Map<number, Strand>();
  readonly #ticket: Ticket = { session: randomBytes(8).toString('hex'), secret: newSecret() };
  readonly #lane: ReturnLane;
  #joinTimer: NodeJS.Timeout | undefined;
  #lostTimer: NodeJS.Timeout | undefined;
  readonly #beat: NodeJS.Timeout;
  /** Said to the sender, and again if it has not heard it. */
  #welcome: Welcome | undefined;
  #held = false;

  constructor(
    first: Channel,
    private readonly options: ReceiverLinkOptions,
  ) {
    this.#lane = new ReturnLane({
      channel: () => this.#strands.get(0)?.channel,
      onFull: options.onFull,
      onUnheard: options.onMissing,
    });
    this.#take(0, first);
    // Before the welcome, too: making ready for it may take longer than a link may be silent.
    this.#beat = setInterval(() => this.#reportAll(), (options.beats ?? usualBeats).everyMs);
  }

  /** Lets the sender begin, tells it how much cache it may ever ask for, and waits for its further channels. */
  welcome(maxCacheBytes: number): void {
    const { channels, windowMs, graceMs = defaultGraceMs, onMissing } = this.options;
    const { joinMs = windowMs > 0 ? windowMs + graceMs : defaultJoinMs } = this.options;
    this.#welcome = { ticket: this.#ticket, maxCacheBytes };
    this.#sayWelcome();
    if (channels === 1) return;
    this.#joinTimer = setTimeout(() => {
      const come = `${this.#strands.size} of ${channels} channels have come within ${joinMs} ms`;
      onMissing(new WherryError('wire-closed', come));
    }, joinMs);
  }

  #sayWelcome(): void {
    if (this.#welcome === undefined) return;
    this.#strands.get(0)?.channel?.send('welcome', encodeJson(this.#welcome));
    this.#report(0);
  }

  /** Another first connection of a sender that has not heard its welcome; throws `wire-refused` once it has begun. */
  again(channel: Channel): void {
    const first = this.#strands.get(0);
    const begun = first === undefined || first.taken > 0 || this.#strands.size > 1;
    if (begun || this.options.comesAgain !== true || this.options.windowMs === 0) {
      throw new WherryError('wire-refused', 'its stream is connected already');
    }
    this.#drop(first);
    first.unfinished = undefined;
    this.#take(0, channel);
    this.#sayWelcome();
    this.#lane.rewind();
    if (this.#welcome !== undefined) this.#lane.flush();
    if (this.#whole) this.#mended();
  }

  /** Whether a first frame shows the secret of this session. */
  knows(body: Buffer): boolean {
    return shows(body, this.#ticket.secret);
  }

  /**
   * Takes a further channel, or another connection for one, and says which it is; throws `wire-refused`, `wire-protocol`
   * for one that is not awaited.
   */
  join(channel: Channel, body: Buffer): number {
    const { session, channel: index, taken } = parseJoin(expectSecret(body, this.#ticket.secret));
    if (session !== this.#ticket.session) throw new NotShown('the sender named another session');
    const { channels } = this.options;
    if (index >= channels) {
      throw new WherryError('wire-refused', `channel ${index + 1} of a sender that announced ${channels}`);
    }
    if (this.options.windowMs === 0 && this.#strands.has(index)) {
      throw new WherryError('wire-refused', `channel ${index} is here already`);
    }
    if (index === 0) this.#lane.release(taken);
    const strand = this.#strands.get(index);
    const unfinished = strand?.channel === undefined ? strand?.unfinished : strand.channel.unfinished;
    if (unfinished !== undefined) channel.goOn(unfinished);
    if (strand !== undefined) this.#drop(strand);
    this.#take(index, channel);
    const begun = unfinished === undefined ? 0 : frameHeadBytes + unfinished.body.length;
    channel.send('joined', countsBody(strand?.taken ?? 0, begun));
    this.#report(index);
    if (index === 0) {
      this.#lane.rewind();
      this.#lane.flush();
    }
    this.#joinTimer?.refresh();
    if (this.#whole) {
      clearTimeout(this.#joinTimer);
      this.#joinTimer = undefined;
      this.#mended();
    }
    return index;
  }

  /** Whether this is the sender's own word that it will not come back; throws `wire-refused` for anybody else's. */
  expectLeave(body: Buffer): void {
    const { session } = parseLeave(expectSecret(body, this.#ticket.secret));
    if (session !== this.#ticket.session) throw new NotShown('the sender named another session');
  }

  /** A frame of this channel has been dealt with, all but what is the link's own business. */
  took(index: number, { type }: Frame): void {
    const strand = this.#strands.get(index);
    if (strand !== undefined && isKept(type)) strand.taken += 1;
  }

  /** The sender has taken what was said up to there; throws `wire-protocol` for what cannot be. */
  heardTaken({ body }: Frame): void {
    this.#lane.release(countAt(body, 0));
  }

  /** The sender has everything that was said. */
  get settled(): boolean {
    return this.#lane.settled;
  }

  /** Writes a frame on the first channel, and again on the next connection if it has not been taken by then. */
  send(type: FrameType, body: Buffer = Buffer.alloc(0), epoch?: number): void {
    this.#lane.send(type, body, epoch);
  }

  /** This channel's connection is gone; false where that is the end. */
  lost(index: number, cause: string): boolean {
    const { windowMs, graceMs = defaultGraceMs, comesAgain = false, onMissing, onNotice } = this.options;
    const strand = this.#strands.get(index);
    const welcomed = this.#welcome !== undefined;
    if (windowMs === 0 || strand === undefined || !(welcomed || comesAgain)) return false;
    this.#drop(strand);
    if (this.#lostTimer !== undefined) return true;
    onNotice(`${cause}: waiting for the sender to come back`);
    this.#lostTimer = setTimeout(() => {
      const message = `${cause}, and the sender has not come back within ${formatDuration(windowMs + graceMs)}`;
      onMissing(new WherryError('wire-closed', message));
    }, windowMs + graceMs);
    return true;
  }

  /** Takes nothing more off the wire, or goes on with that. */
  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    for (const { channel } of this.#strands.values())
      if (held) channel?.socket.pause();
      else channel?.socket.resume();
  }

  /** Tells the sender why, on every channel: which of them it hears first is not ours to say. */
  giveUp(failure: Failure): void {
    this.#stopTimers();
    for (const { channel } of this.#strands.values()) channel?.giveUp(failure);
  }

  destroy(): void {
    this.#stopTimers();
    for (const { channel } of this.#strands.values()) channel?.destroy();
  }

  /** The sender has lost a connection and may come back. */
  get waiting(): boolean {
    return this.#lostTimer !== undefined;
  }

  /** What its further channels and its connections in lost ones' places show, hex. */
  get secret(): string {
    return this.#ticket.secret;
  }

  get #whole(): boolean {
    const there = [...this.#strands.values()].filter(({ channel }) => channel !== undefined);
    return there.length === this.options.channels;
  }

  #mended(): void {
    if (this.#lostTimer === undefined) return;
    clearTimeout(this.#lostTimer);
    this.#lostTimer = undefined;
    this.options.onNotice('the sender is back');
  }

  #take(index: number, channel: Channel): void {
    const strand = this.#strands.get(index);
    if (strand === undefined) this.#strands.set(index, { channel, taken: 0 });
    else strand.channel = channel;
    if (this.#held) channel.socket.pause();
    channel.socket.on('data', (chunk: Buffer) => {
      this.#report(index);
      this.options.onTaken(chunk.length);
    });
  }

  /** Its connection is over; what that brought of a frame is not. */
  #drop(strand: Strand): void {
    if (strand.channel === undefined) return;
    strand.unfinished = strand.channel.unfinished;
    strand.channel.destroy();
    strand.channel = undefined;
  }

  #reportAll(): void {
    for (const index of this.#strands.keys()) this.#report(index);
  }

  /** Tells the sender what has been taken of a channel. */
  #report(index: number): void {
    const { channel, taken = 0 } = this.#strands.get(index) ?? {};
    if (channel === undefined || channel.ended || channel.socket.writableLength > maxUnreadBytes) return;
    channel.send('received', countsBody(channel.bytesReceived, taken), 0, this.#held ? 1 : 0);
  }

  #stopTimers(): void {
    clearTimeout(this.#joinTimer);
    clearTimeout(this.#lostTimer);
    clearInterval(this.#beat);
  }
}
