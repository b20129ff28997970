import xxhash, { type XXHashAPI } from 'xxhash-wasm';
import { Door, type Visitor } from './door';
import { ReceiverSession, type SessionOptions } from './receiver-session';
import { joinSession, leaveSession, parseStreamHello } from './stream-admission';
import type { Channel } from './wire/channel';
import type { Frame } from './wire/frame';

/** Whom a receiver takes, and where it brings the stream. */
export interface ReceiverOptions extends SessionOptions {
  /** 32 bytes as hex; what a sender has to show. */
  readonly token: string;
  /** How long a connection may take to introduce itself; 10 s. */
  readonly helloMs?: number;
}

/** Waits for one sender and brings its stream to the destination. */
export class Receiver {
  #door: Door | undefined;
  #session: ReceiverSession | undefined;

  private constructor(
    private readonly options: ReceiverOptions,
    private readonly hasher: XXHashAPI,
  ) {}

  /** Listens; rejects with `wire-closed` when it cannot. Port 0 picks a free one. */
  static async listen(host: string, port: number, options: ReceiverOptions): Promise<Receiver> {
    const receiver = new Receiver(options, await xxhash());
    const admit = (channel: Channel, first: Frame): Visitor => receiver.#admit(channel, first);
    receiver.#door = await Door.listen(host, port, { ...options, admit });
    return receiver;
  }

  get port(): number {
    return this.#door?.port ?? 0;
  }

  close(): void {
    this.#door?.close();
    this.#session?.close();
  }

  #admit(channel: Channel, first: Frame): Visitor {
    if (first.type === 'join') return joinSession(this.#session, channel, first);
    if (first.type === 'leave') return leaveSession(this.#session, channel, first);
    const hello = parseStreamHello(first, this.options.token, this.options.maxCacheBytes);
    if (this.#session !== undefined) return this.#session.again(channel, hello);
    this.#session = new ReceiverSession(channel, hello, this.hasher, this.options);
    return this.#session;
  }
}
