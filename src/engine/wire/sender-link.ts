import { WherryError } from '../../shared/failure';
import { Channel } from './channel';
import { dial } from './dial';
import type { Frame } from './frame';
import { parseFailure, parseWelcome, type Hello, type Join, type Ticket, type Welcome } from './hello';
import { PacedWriter } from './paced-writer';
import type { Endpoint } from './pairing';
import { withSecret } from './secret';

const handshakeMs = 40_000;

/** Whom a sender connects to, how fast it may send, and who hears. */
export interface SenderLinkOptions {
  readonly to: Endpoint;
  /** Bytes a second over all channels, 0 for unlimited. */
  readonly rate: number;
  /** What the receiver says on the first channel, but for what is the link's own business. */
  readonly onFrame: (frame: Frame) => void;
  /** Once: a channel ended, or the receiver gave up. All of them are closed then. */
  readonly onEnd: (error: WherryError) => void;
}

interface Awaited {
  readonly resolve: () => void;
  readonly reject: (error: WherryError) => void;
}

/**
 * The sender's end of a wire. The first channel introduces it and is let in, the others show what they were given there.
 * They live and die together: what a lost one carried is missing from the stream.
 */
export class SenderLink {
  readonly writer: PacedWriter;
  readonly #channels: Channel[] = [];
  /** The answer each channel is to be let in with. */
  readonly #awaited = new Map<number, Awaited>();
  #welcome: Welcome | undefined;
  #over: WherryError | undefined;

  /** Connects its first channel. */
  constructor(private readonly options: SenderLinkOptions) {
    this.writer = new PacedWriter(this.#connect(0), options.rate);
  }

  /** Is let in with every channel, and told on what terms; rejects with `wire-closed`, `wire-protocol` or `wire-refused`. */
  async open(token: string, hello: Hello): Promise<Welcome> {
    const { host, port } = this.options.to;
    const timer = setTimeout(
      () => this.#end(new WherryError('wire-closed', `no answer from ${host}:${port} for ${handshakeMs} ms`)),
      handshakeMs,
    );
    try {
      void this.writer.send('hello', [withSecret(token, hello)]);
      await this.#answer(0);
      const welcome = this.#welcome as Welcome;
      const further = Array.from({ length: hello.channels - 1 }, (_, index) => index + 1);
      await Promise.all(further.map((channel) => this.#join(channel, welcome.ticket)));
      return welcome;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the link once the receiver has been sent everything. */
  finish(): void {
    for (const channel of this.#channels) channel.finish();
  }

  destroy(): void {
    this.#close(new WherryError('wire-closed', 'the link was closed here'));
  }

  #connect(index: number): Channel {
    const channel = new Channel(dial(this.options.to), 'receiver', {
      onFrame: (frame) => this.#hear(index, frame),
      onEnd: ({ code, message }) =>
        this.#end(new WherryError(code, index === 0 ? message : `channel ${index}: ${message}`)),
    });
    this.#channels[index] = channel;
    return channel;
  }

  #join(index: number, { session, secret }: Ticket): Promise<void> {
    const channel = this.#connect(index);
    this.writer.add(channel);
    channel.send('join', withSecret(secret, { session, channel: index } satisfies Join));
    return this.#answer(index);
  }

  #answer(index: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#over !== undefined) reject(this.#over);
      else this.#awaited.set(index, { resolve, reject });
    });
  }

  #hear(index: number, frame: Frame): void {
    const { type, body } = frame;
    if (type === 'received') this.writer.received(Number(body.readBigUInt64BE(0)), index);
    else if (type === 'failure') {
      const { code, message } = parseFailure(body);
      this.#end(new WherryError(code, message));
    } else if (type === (index === 0 ? 'welcome' : 'joined') && this.#awaited.has(index)) {
      if (index === 0) this.#welcome = parseWelcome(body);
      this.#awaited.get(index)?.resolve();
      this.#awaited.delete(index);
    } else if (index === 0 && type !== 'welcome') this.options.onFrame(frame);
    else throw new WherryError('wire-protocol', `an unexpected ${type} frame`);
  }

  #end(error: WherryError): void {
    if (this.#over !== undefined) return;
    this.#close(error);
    this.options.onEnd(error);
  }

  #close(error: WherryError): void {
    this.#over ??= error;
    for (const { reject } of this.#awaited.values()) reject(error);
    this.#awaited.clear();
    for (const channel of this.#channels) if (!channel.ended) channel.destroy();
  }
}
