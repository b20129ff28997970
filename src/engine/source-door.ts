import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { WherryError } from '../shared/failure';
import { streamMagic, streamVersion } from './stream/format';

/** Where a source's stream is to come in. */
export type StreamPlace = { readonly path: string } | { readonly host: string; readonly port: number };

/** Whether a connection that begins as a source does may be one. */
export type JudgeSource = (socket: Socket) => Promise<boolean>;

/** Connections that have not shown that they are a source, at once; the oldest goes for the next. */
const maxStrangers = 16;
const headBytes = 8;

/**
 * Listens for the one source that sends its stream here. Whoever finds a port can connect to it, so the first to
 * begin as QEMU's stream does, and to be found good by `judge`, is taken; all others are hung up on, and nothing is ever
 * written to them.
 */
export class SourceDoor {
  readonly #strangers = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly take: (source: Socket) => void,
    private readonly judge: JudgeSource,
  ) {
    server.on('connection', (socket) => this.#greet(socket));
  }

  /** Gives the source to `take`, once, with its stream unread. Port 0 picks a free one. Rejects where it cannot. */
  static async listen(
    place: StreamPlace,
    take: (source: Socket) => void,
    judge: JudgeSource = () => Promise.resolve(true),
  ): Promise<SourceDoor> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(new WherryError('usage', `cannot listen for the source's stream: ${error.message}`)),
      );
      server.listen(place, resolve);
    });
    return new SourceDoor(server, take, judge);
  }

  /** The port, on TCP. */
  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Takes nobody any more; a source that was taken stays. */
  close(): void {
    this.server.close();
    for (const stranger of this.#strangers) stranger.destroy();
    this.#strangers.clear();
  }

  #greet(socket: Socket): void {
    const [oldest] = this.#strangers;
    if (this.#strangers.size >= maxStrangers) oldest?.destroy();
    this.#strangers.add(socket);
    const look = (): void => {
      const head = socket.read(headBytes) as Buffer | null;
      if (head === null) return;
      if (head.length < headBytes || !isStreamHead(head)) return void socket.destroy();
      socket.off('readable', look);
      void this.#consider(socket, head);
    };
    socket.on('readable', look).on('error', ignore);
    socket.once('end', () => {
      if (this.#strangers.has(socket)) socket.destroy();
    });
    socket.once('close', () => this.#strangers.delete(socket));
  }

  /** Takes the first that is found good; the others have been hung up on by then, or are. */
  async #consider(socket: Socket, head: Buffer): Promise<void> {
    const good = await this.judge(socket).catch(() => false);
    if (!good || !this.#strangers.delete(socket)) return void socket.destroy();
    this.close();
    socket.unshift(head);
    this.take(socket);
  }
}

function isStreamHead(head: Buffer): boolean {
  return head.readUInt32BE(0) === streamMagic && head.readUInt32BE(4) === streamVersion;
}

function ignore(): void {
  // A stranger that goes is no loss; whoever takes a source hears of its end by `close`.
}
