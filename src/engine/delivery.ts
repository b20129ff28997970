import type { Socket } from 'node:net';
import { WherryError } from '../shared/failure';

/** Answers are passed on in pieces of so many bytes. */
const pieceBytes = 64 * 1024;

/** Where the destination is, and who hears from it. */
export interface DeliveryOptions {
  /** Opens its migration socket; may give nothing yet, unless `late`: there is something to write. */
  readonly connect: (late: boolean) => Promise<Socket | undefined>;
  /** What it says on the return path. */
  readonly onAnswer: (bytes: Buffer) => void;
  /** It has closed its side of the return path. */
  readonly onAnswersEnd: () => void;
  /** It is gone, and how. */
  readonly onLost: (message: string) => void;
}

/** The stream on its last way, into the destination's migration socket. */
export class Delivery {
  #socket: Socket | undefined;
  #closed = false;
  #bytes = 0;

  constructor(private readonly options: DeliveryOptions) {}

  /** Stream bytes given to the destination so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Connects, where there is somebody to connect to by now. */
  async connect(late: boolean): Promise<void> {
    const socket = await this.options.connect(late);
    if (this.#closed) return void socket?.destroy();
    if (socket !== undefined) this.#attach(socket);
  }

  /**
   * Resolves when it may go on, to whether these bytes were given to the destination; not once it was closed.
   * @param then called when the bytes are not needed any more
   * @throws WherryError `destination-failed` when the destination takes no more
   */
  async write(bytes: Buffer, then: () => void): Promise<boolean> {
    if (this.#socket === undefined) await this.connect(true);
    const socket = this.#socket;
    if (this.#closed || socket === undefined) return false;
    if (!socket.writable) throw new WherryError('destination-failed', 'the destination takes no more of the stream');
    this.#bytes += bytes.length;
    if (!socket.write(bytes, then)) await drained(socket);
    return true;
  }

  /** Reads no answers, or goes on with that. */
  hold(held: boolean): void {
    if (held) this.#socket?.pause();
    else this.#socket?.resume();
  }

  /** The stream is at its end; answers may still come. */
  end(): void {
    this.#socket?.end();
  }

  /** Lets go of the destination: it gives up a half-loaded guest by itself. */
  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  #attach(socket: Socket): void {
    const { onAnswer, onAnswersEnd, onLost } = this.options;
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => {
      for (let at = 0; at < bytes.length; at += pieceBytes) onAnswer(bytes.subarray(at, at + pieceBytes));
    });
    socket.on('end', onAnswersEnd);
    socket.on('error', (error) => onLost(`the destination's migration socket broke: ${error.message}`));
    socket.on('close', () => onLost('the destination closed its migration socket'));
  }
}

/** Resolves when a socket wants more, or will never. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}
