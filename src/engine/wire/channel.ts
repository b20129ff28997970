import type { Socket } from 'node:net';
import { WherryError, type Failure } from '../../shared/failure';
import { FrameParser, frameHead, type Frame, type FrameType, type Peer, type Unfinished } from './frame';
import { encodeJson } from './json';
import { linkError } from './link-error';

/** How long a peer may take to hear us out before the link is cut. */
const partingMs = 1000;
/** A failure's text on the wire, characters; messages quote what a peer sent. */
const maxReasonLength = 4000;

/** Who hears what comes on a channel. */
export interface ChannelHandlers {
  onFrame(frame: Frame): void;
  /** Once: the socket ended, broke, or the peer sent what it should not; in the last case it has been told so. */
  onEnd(error: WherryError): void;
}

/** A socket that speaks frames. It does not pace or queue beyond the socket's own buffer: callers do. */
export class Channel {
  readonly #parser: FrameParser;
  #ended = false;
  bytesReceived = 0;
  bytesSent = 0;

  constructor(
    readonly socket: Socket,
    /** What the other end is. */
    peer: Peer,
    private readonly handlers: ChannelHandlers,
  ) {
    this.#parser = new FrameParser(peer);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('end', () => this.#end(new WherryError('wire-closed', `the ${peer} hung up without a word`)));
    socket.on('close', () => this.#end(new WherryError('wire-closed', 'the link was closed')));
    socket.on('error', (error) => this.#end(linkError(error)));
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The kept frame that the peer has begun on this connection; good after its end, too. */
  get unfinished(): Unfinished | undefined {
    return this.#parser.unfinished;
  }

  /** What the peer says next is the rest of a frame that it began on another connection. */
  goOn(unfinished: Unfinished): void {
    this.#parser.goOn(unfinished);
  }

  /** Writes a frame at once; false when the socket wants a pause until `drain`. */
  send(type: FrameType, body?: Buffer, epoch = 0, aux = 0): boolean {
    const head = frameHead(type, body?.length ?? 0, epoch, aux);
    if (body === undefined || body.length === 0) return this.write(head);
    this.socket.cork();
    this.write(head);
    const more = this.write(body);
    this.socket.uncork();
    return more;
  }

  /** Writes bytes that are (part of) a frame already; for the paced writer. */
  write(bytes: Uint8Array): boolean {
    if (this.#ended || !this.socket.writable) return true;
    this.bytesSent += bytes.length;
    return this.socket.write(bytes);
  }

  /** Tells the peer why and ends the link; nothing is reported any more. */
  giveUp({ code, message }: Failure): void {
    if (this.#ended) return;
    this.send('failure', encodeJson({ code, message: message.slice(0, maxReasonLength) }));
    this.finish();
  }

  /** Ends the link once the peer has been sent everything; nothing is reported any more. */
  finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    // What still comes is read and dropped: closing on unread bytes would reset the link and lose our last words.
    this.socket.resume();
    this.socket.end();
    const timer = setTimeout(() => this.socket.destroy(), partingMs);
    this.socket.once('close', () => clearTimeout(timer));
  }

  destroy(): void {
    this.#ended = true;
    this.socket.destroy();
  }

  #take(chunk: Buffer): void {
    if (this.#ended) return;
    this.bytesReceived += chunk.length;
    try {
      for (const frame of this.#parser.push(chunk)) {
        this.handlers.onFrame(frame);
        if (this.#ended) return;
      }
    } catch (error) {
      const known = error instanceof WherryError ? error : new WherryError('internal', String(error), { cause: error });
      this.giveUp(known);
      this.handlers.onEnd(known);
    }
  }

  #end(error: WherryError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.handlers.onEnd(error);
    this.socket.destroy();
  }
}
