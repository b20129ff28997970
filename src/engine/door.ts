import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { WherryError } from '../shared/failure';
import { systemText } from '../shared/system-text';
import { Channel } from './wire/channel';
import type { Frame } from './wire/frame';

/** A connection that has not introduced itself by then is closed. */
const defaultHelloMs = 10_000;
/** Connections that have not introduced themselves, at once; a sender's further channels come fifteen at a time. */
const maxStrangers = 32;

/** Who was let in. */
export interface Visitor {
  /** Throws what it refuses; the peer is told and the link ends. */
  hear(frame: Frame): void;
  /** The link has ended, whoever ended it. */
  lost(error: WherryError): void;
}

export interface DoorOptions {
  /** Judges a connection by its first frame; throws to refuse it. */
  readonly admit: (channel: Channel, first: Frame) => Visitor;
  readonly onNotice: (text: string) => void;
  /** How long a connection may take to introduce itself, ms. */
  readonly helloMs?: number;
}

/** Listens for peers, and lets none of them further than its first frame unless it is admitted. */
export class Door {
  readonly #strangers = new Set<Channel>();

  private constructor(
    private readonly options: DoorOptions,
    private readonly server: Server,
  ) {
    server.on('connection', (socket) => this.#greet(socket));
    server.on('error', (error) => options.onNotice(`a connection was lost before it was taken: ${error.message}`));
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
    for (const stranger of this.#strangers) stranger.destroy();
  }

  #greet(socket: Socket): void {
    if (this.#strangers.size >= maxStrangers) return void socket.destroy();
    let visitor: Visitor | undefined;
    const channel = new Channel(socket, 'sender', {
      onFrame: (frame) => {
        if (visitor !== undefined) return visitor.hear(frame);
        visitor = this.options.admit(channel, frame);
        clearTimeout(timer);
        this.#strangers.delete(channel);
      },
      onEnd: (error) => {
        clearTimeout(timer);
        this.#strangers.delete(channel);
        if (visitor !== undefined) visitor.lost(error);
        else this.options.onNotice(`refused a connection: ${error.message}`);
      },
    });
    const timer = setTimeout(() => {
      channel.destroy();
      this.#strangers.delete(channel);
    }, this.options.helloMs ?? defaultHelloMs);
    this.#strangers.add(channel);
  }
}
