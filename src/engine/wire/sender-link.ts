import { setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { WherryError, asWherryError } from '../../shared/failure';
import { formatDuration } from '../../shared/units';
import { backoffMs } from './backoff';
import type { Channel } from './channel';
import { dial } from './dial';
import { countAt, countsBody, frameHead, isKept, type Frame, type FrameType } from './frame';
import { sayGoodbye } from './goodbye';
import { Handshake, Refusal } from './handshake';
import { parseFailure, parseWelcome, type Hello, type Join, type Leave, type Ticket, type Welcome } from './hello';
import type { Lane } from './lane';
import { isPassing } from './link-error';
import { Outage } from './outage';
import { PacedWriter } from './paced-writer';
import type { Endpoint } from '../../shared/pairing';
import { Pulse, usualBeats, type Beats } from './pulse';
import { newSecret, withSecret } from './secret';
import { neverHeard, ofReceiver, toldByReceiver } from './told';
import { Way } from './way';

/** How long one try to be let in may take: the receiver starts its workers meanwhile. */
const handshakeMs = 40_000;

/** Whom a sender connects to, how fast it may send, and who hears. */
export interface SenderLinkOptions {
  readonly to: Endpoint;
  /** Bytes a second over all channels, 0 for unlimited. */
  readonly rate: number;
  /** How long a lost connection may take to be replaced, ms; 0: it is the end. */
  readonly windowMs: number;
  /** What the receiver says on the first channel, but for what is the link's own business. */
  readonly onFrame: (frame: Frame) => void;
  /** A connection was lost and is being replaced, or all are there again. */
  readonly onNotice: (text: string) => void;
  /** Once: the link is over, for what cannot be mended, or has not been in time. */
  readonly onEnd: (error: WherryError) => void;
  /** Once a second, five times, if left out. */
  readonly beats?: Beats;
  /** The receiver is known to be there: one that cannot be reached is waited for like one that is lost. */
  readonly known?: boolean;
}

/** A channel: what has to be written on it, and the connection it has at the moment. */
interface Strand {
  readonly index: number;
  readonly lane: Lane;
  channel: Channel | undefined;
  pulse: Pulse;
  /** Tries to come back since it last was well for a while. */
  tries: number;
}

/**
 * The sender's end of a wire. The first channel introduces it and is let in, the others show what they were given there;
 * so does a connection in the place of a lost one. Frames that the receiver has not taken are written again then.
 */
export class SenderLink {
  readonly writer: PacedWriter;
  readonly outage: Outage;
  readonly #strands: Strand[] = [];
  readonly #closing = new AbortController();
  /** Connections that are not let in yet. */
  readonly #pending = new Set<Pick<Handshake<unknown>, 'end'>>();
  readonly #beats: Beats;
  readonly #way = new Way();
  #ticket: Ticket | undefined;
  /** Somebody has been there, and has said something that lets us in. */
  #met: boolean;
  #heard: boolean;
  #over: WherryError | undefined;
  /** Kept frames of the receiver's that were taken, and as it has been told. */
  #taken = 0;
  #saidTaken = 0;
  #beat: NodeJS.Timeout | undefined;

  constructor(private readonly options: SenderLinkOptions) {
    const { rate, windowMs, onNotice, beats = usualBeats, known = false } = options;
    this.#met = this.#heard = known;
    this.#beats = beats;
    this.writer = new PacedWriter(rate);
    setMaxListeners(0, this.#closing.signal); // each channel that waits for its turn to be tried listens
    this.outage = new Outage({ windowMs, onNotice, onExpired: (error) => this.#end(error) });
  }

  /**
   * Is let in with every channel, and told on what terms. A connection that is lost meanwhile is replaced like any other;
   * it shows what makes it known as this sender's. Rejects with `wire-closed`, `wire-protocol` or `wire-refused`.
   */
  async open(token: string, hello: Hello): Promise<Welcome> {
    for (let index = 0; index < hello.channels; index++) {
      const pulse = new Pulse(this.#beats.most);
      this.#strands.push({ index, lane: this.writer.add(), channel: undefined, pulse, tries: 0 });
    }
    const [first, ...further] = this.#strands as [Strand, ...Strand[]];
    const body = withSecret(token, this.options.windowMs === 0 ? hello : { ...hello, attempt: newSecret() });
    const welcome = await this.#persist(first, () => this.#hello(first, body));
    if (this.#over !== undefined) throw this.#over;
    this.#beat = setInterval(() => this.#onBeat(), this.#beats.everyMs);
    await Promise.all(
      further.map((strand) => this.#persist(strand, () => this.#join(strand, welcome.ticket, handshakeMs))),
    );
    return welcome;
  }

  #hello(first: Strand, hello: Buffer): Promise<Welcome> {
    return this.#introduce(first, handshakeMs, 'hello', hello, ({ type, body }) => {
      if (type !== 'welcome') throw unexpected(type);
      const welcome = parseWelcome(body);
      this.#ticket = welcome.ticket;
      return { taken: 0, begun: 0, value: welcome };
    });
  }

  /** Ends the link once the receiver has been sent everything. */
  finish(): void {
    this.#sayTaken();
    this.#over ??= closedHere();
    for (const { channel } of this.#strands) channel?.finish();
  }

  /** Ends the link at once, and lets the receiver know that nobody will come back. */
  destroy(): void {
    if (this.#over === undefined) this.#leave();
    this.#close(closedHere());
  }

  /** One connection, up to the answer that lets it in; after that it is the strand's. */
  async #introduce<Value>(
    strand: Strand,
    mostMs: number,
    type: FrameType,
    body: Buffer,
    admit: (answer: Frame) => { readonly taken: number; readonly begun: number; readonly value: Value },
  ): Promise<Value> {
    const { to, windowMs } = this.options;
    const socket = dial(to);
    this.#way.watch(to, socket);
    socket.once('connect', () => (this.#met = true));
    const handshake = new Handshake({
      to,
      socket,
      type,
      body,
      mostMs,
      repeatable: windowMs > 0,
      onHeard: () => (this.#heard = true),
      admit: (channel, answer) => {
        const { taken, begun, value } = admit(answer);
        // A link that carried something is tried again at once, however short it lives.
        if (strand.lane.use(channel, taken, begun)) strand.tries = 0;
        strand.channel = channel;
        strand.pulse = new Pulse(this.#beats.most);
        return value;
      },
      handlers: { onFrame: (frame) => this.#hear(strand, frame), onEnd: (error) => this.#lost(strand, error) },
    });
    this.#pending.add(handshake);
    try {
      return await handshake.admitted;
    } catch (thrown) {
      const error = asWherryError(thrown);
      // What the receiver says, and what ends the link, is told as it is.
      throw error instanceof Refusal || this.#over !== undefined ? error : this.#named(strand, error);
    } finally {
      this.#pending.delete(handshake);
    }
  }

  /** Takes a strand's place at the receiver, for the first time or again. */
  #join(strand: Strand, ticket: Ticket, mostMs: number): Promise<void> {
    const taken = strand.index === 0 ? this.#taken : 0;
    const join = withSecret(ticket.secret, { session: ticket.session, channel: strand.index, taken } satisfies Join);
    return this.#introduce(strand, mostMs, 'join', join, ({ type, body }) => {
      if (type !== 'joined') throw unexpected(type);
      return { taken: countAt(body, 0), begun: countAt(body, 1), value: undefined };
    });
  }

  #lost(strand: Strand, error: WherryError): void {
    if (this.#over !== undefined) return;
    const cause = this.#named(strand, error);
    if (!this.#passes(error) || this.#ticket === undefined || !this.outage.allowed) return this.#end(cause);
    this.outage.begin(strand.index, cause.message);
    const ticket = this.#ticket;
    this.#persist(strand, () => this.#join(strand, ticket, this.#way.againMs)).catch((error: unknown) => {
      this.#end(asWherryError(error));
    });
  }

  /**
   * Tries it until it is done, after longer and longer waits and for as long as a link may be lost. Rejects with what
   * another try would not mend: a receiver that answers, and does not know us, will not know us later either.
   */
  async #persist<T>(strand: Strand, attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      await wait(backoffMs(strand.tries++, Math.random()), undefined, { signal: this.#closing.signal }).catch(() => {
        throw this.#over ?? closedHere();
      });
      try {
        const done = await attempt();
        this.outage.end(strand.index);
        return done;
      } catch (thrown) {
        const error = asWherryError(thrown);
        if (this.#over !== undefined || !this.#passes(error) || !this.#met || !this.outage.allowed) throw error;
        this.outage.begin(strand.index, error.message);
      }
    }
  }

  /** Whether another try may mend it. */
  #passes(error: WherryError): boolean {
    if (this.#heard && isPassing(error)) return true;
    return error.code === 'wire-closed' && !(error instanceof Refusal);
  }

  #hear(strand: Strand, frame: Frame): void {
    const { type, aux, body } = frame;
    strand.pulse.heard();
    if (type === 'received') this.#onReceived(strand, body, aux === 1);
    else if (type === 'failure') this.#end(toldByReceiver(parseFailure(body)));
    else if (strand.index === 0 && isKept(type)) {
      this.options.onFrame(frame);
      this.#taken += 1;
      // It is the receiver's last: it waits for our word before it forgets us.
      if (type === 'returnEnd') this.#sayTaken();
    } else throw unexpected(type);
  }

  #onReceived({ lane, pulse }: Strand, body: Buffer, held: boolean): void {
    const before = lane.inFlight;
    lane.received(countAt(body, 0), countAt(body, 1));
    if (held || lane.inFlight !== before) pulse.took();
  }

  #onBeat(): void {
    this.#sayTaken();
    for (const strand of this.#strands) {
      const { channel, lane, pulse } = strand;
      if (channel === undefined || channel.ended) continue;
      if (pulse.beat(lane.inFlight > 0)) {
        channel.destroy();
        const message = `it has said nothing for ${formatDuration(this.#beats.everyMs * this.#beats.most)}`;
        this.#lost(strand, new WherryError('wire-closed', message));
      } else strand.tries = 0;
    }
  }

  #sayTaken(): void {
    if (this.#saidTaken === this.#taken || this.#over !== undefined) return;
    this.#saidTaken = this.#taken;
    const body = countsBody(this.#taken);
    this.#strands[0]?.lane.say([frameHead('taken', body.length), body]);
  }

  /** On a connection of its own: another may be in the middle of a frame, or gone. */
  #leave(): void {
    if (this.#ticket === undefined || this.options.windowMs === 0) return;
    const { session, secret } = this.#ticket;
    const leave = withSecret(secret, { session } satisfies Leave);
    sayGoodbye(this.options.to, (channel) => channel.send('leave', leave));
  }

  /** With whom and what it was about. */
  #named({ index }: Strand, { code, message }: WherryError): WherryError {
    const { host, port } = this.options.to;
    const where = `the receiver at ${host}:${port}`;
    const early = code === 'wire-closed' && !this.#heard ? neverHeard : '';
    return new WherryError(code, `${index === 0 ? '' : `channel ${index}: `}${ofReceiver(where, message)}${early}`);
  }

  #end(error: WherryError): void {
    if (this.#over !== undefined) return;
    this.#leave();
    this.#close(error);
    this.options.onEnd(error);
  }

  #close(error: WherryError): void {
    const leaving = this.#over === undefined;
    this.#over ??= error;
    clearInterval(this.#beat);
    this.outage.close();
    this.#closing.abort();
    for (const handshake of this.#pending) handshake.end(error, leaving);
    for (const { channel } of this.#strands) if (channel?.ended === false) channel.destroy();
    this.writer.end();
  }
}

function unexpected(type: FrameType): WherryError {
  return new WherryError('wire-protocol', `an unexpected ${type} frame`);
}

function closedHere(): WherryError {
  return new WherryError('wire-closed', 'the link was closed here');
}
