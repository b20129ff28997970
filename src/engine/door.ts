import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { WherryError, type Failure } from '../shared/failure';
import type { Identity } from '../shared/identity';
import { systemText } from '../shared/system-text';
import { Doorman, type Stay } from './doorman';
import { Channel } from './wire/channel';
import type { Frame } from './wire/frame';
import { shutOutText } from './wire/link-error';
import { NotShown } from './wire/secret';
import { accessDenied, contextOf, secured } from './wire/secured';

/** A connection that has not introduced itself by then is closed; what TLS needs is counted. */
const defaultHelloMs = 10_000;

/** Connections that are being told at once that their address is shut out, and how long that may take, ms. */
const mostTold = 8;
const tellingMs = 1000;

/** Who was let in. */
export interface Visitor {
  /** Throws what it refuses; the peer is told and the link ends. */
  hear(frame: Frame): void;
  /** The link has ended, whoever ended it. */
  lost(error: WherryError): void;
}

/** Who judges callers, and how long they may take. */
export interface DoorOptions {
  /** Judges a connection by its first frame; throws to refuse it. */
  readonly admit: (channel: Channel, first: Frame) => Visitor;
  readonly onNotice: (text: string) => void;
  /** How long a connection may take to introduce itself, ms. */
  readonly helloMs?: number;
  /** What we show of ourselves; without it links are not encrypted. */
  readonly identity?: Identity;
}

/** Listens for peers, and lets none of them further than its first frame unless it is admitted. */
export class Door {
  readonly #strangers = new Set<Socket>();
  readonly #told = new Set<Socket>();
  readonly #doorman: Doorman;
  readonly #context: SecureContext | undefined;

  private constructor(
    private readonly options: DoorOptions,
    private readonly server: Server,
  ) {
    const { identity, onNotice } = options;
    this.#doorman = new Doorman(onNotice);
    this.#context = identity === undefined ? undefined : contextOf(identity);
    server.on('connection', (socket) => void this.#greet(socket));
    server.on('error', (error) => onNotice(`a connection was lost before it was taken: ${error.message}`));
  }

  /** Listens; rejects with `wire-closed` when it cannot. Port 0 picks a free one. */
  static async listen(host: string, port: number, options: DoorOptions): Promise<Door> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(new WherryError('wire-closed', `cannot listen on ${host}:${port}: ${systemText(error)}`)),
      );
      server.listen(port, host, resolve);
    });
    return new Door(options, server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Takes no more; those already admitted stay. */
  close(): void {
    this.server.close();
    for (const socket of [...this.#strangers, ...this.#told]) socket.destroy();
  }

  async #greet(raw: Socket): Promise<void> {
    const address = raw.remoteAddress ?? 'an address that is gone';
    raw.on('error', () => undefined); // whoever takes it over hears of it, too
    let stranger: Stranger | undefined;
    const stay = await this.#doorman.enter(address, (why) => {
      stranger?.refused(new WherryError('wire-closed', why), false);
      raw.destroy();
    });
    if (stay === undefined) return this.#turnAway(raw);
    if (raw.destroyed || !this.server.listening) {
      stay.leave();
      return void raw.destroy();
    }
    const known = (stranger = this.#stranger(raw, address, stay));
    if (this.#context === undefined) return this.#hear(raw, known);
    const refuse = (error: WherryError): void => {
      new Channel(raw, 'sender', { onFrame: () => undefined, onEnd: () => undefined }).giveUp(error);
      known.refused(error, true);
    };
    secured(raw, this.#context, (socket) => this.#hear(socket, known), refuse);
  }

  /** Says so to one whose address is shut out, and hangs up on others: a flood must not take our time. */
  #turnAway(raw: Socket): void {
    if (raw.destroyed || this.#told.size >= mostTold) return void raw.destroy();
    this.#told.add(raw);
    const timer = setTimeout(() => raw.destroy(), tellingMs);
    raw.once('close', () => {
      clearTimeout(timer);
      this.#told.delete(raw);
    });
    // What it says is dropped: hanging up on unread bytes would take back our own.
    raw.resume();
    if (this.#context !== undefined) return void raw.end(accessDenied);
    const deaf = { onFrame: () => undefined, onEnd: () => undefined };
    new Channel(raw, 'sender', deaf).giveUp(new WherryError('wire-refused', shutOutText));
  }

  /** Waits for the first frame, and lets in whoever it makes known. */
  #hear(socket: Socket, stranger: Stranger): void {
    let visitor: Visitor | undefined;
    let spoke = false;
    const channel = new Channel(socket, 'sender', {
      onFrame: (frame) => {
        if (visitor !== undefined) return visitor.hear(frame);
        spoke = true;
        visitor = this.options.admit(channel, frame);
        stranger.admitted();
      },
      onEnd: (error) => {
        if (visitor !== undefined) return visitor.lost(error);
        if (!spoke && error.code === 'wire-closed') return stranger.lost(error);
        // A token that is right at the wrong time is nobody's fault.
        stranger.refused(error, error instanceof NotShown || !spoke);
      },
    });
  }

  /** One that is to introduce itself in time; told once what became of it. */
  #stranger(raw: Socket, address: string, stay: Stay): Stranger {
    const { helloMs = defaultHelloMs } = this.options;
    const timer = setTimeout(() => {
      refused(new WherryError('wire-closed', `it has not introduced itself within ${helloMs} ms`), false);
      raw.destroy();
    }, helloMs);
    this.#strangers.add(raw);
    const gone = (): boolean => {
      clearTimeout(timer);
      if (!this.#strangers.delete(raw)) return false;
      stay.leave();
      return true;
    };
    const refused = (error: WherryError, wrong: boolean): void => {
      if (gone()) void this.#doorman.refused(address, error.message, wrong);
    };
    const lost = ({ message }: Failure): void => {
      if (gone()) void this.#doorman.lost(address, message);
    };
    raw.once('close', () => lost({ code: 'wire-closed', message: 'it did not introduce itself' }));
    const admitted = (): void => {
      if (gone()) this.#doorman.knows(address);
    };
    return { admitted, lost, refused };
  }
}

interface Stranger {
  readonly admitted: () => void;
  /** It is gone without having said who it is. */
  readonly lost: (why: Failure) => void;
  /** `wrong`: it did what nobody does who belongs here. */
  readonly refused: (error: WherryError, wrong: boolean) => void;
}
