import type { Socket } from 'node:net';
import { WherryError, type FailureCode } from '../../shared/failure';
import { FrameParser, frameHead, type Frame, type FrameType } from './frame';

export interface ChannelHandlers {
  onFrame(frame: Frame): void;
  /** Once: the socket ended, broke, or the peer sent what is no frame. */
  onEnd(error: WherryError): void;
}

/** A socket that speaks frames. It does not pace or queue beyond the socket's own buffer: callers do. */
export class Channel {
  #parser = new FrameParser();
  #ended = false;
  bytesReceived = 0;
  bytesSent = 0;

  constructor(
    readonly socket: Socket,
    private readonly handlers: ChannelHandlers,
  ) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('end', () => this.#fail('wire-closed', 'the peer closed the link'));
    socket.on('close', () => this.#fail('wire-closed', 'the link was closed'));
    socket.on('error', (error) => this.#fail('wire-closed', `the link broke: ${error.message}`));
  }

  get ended(): boolean {
    return this.#ended;
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

  /** Sends what is queued, then ends the link; nothing is reported any more. */
  close(): void {
    this.#ended = true;
    this.socket.end(() => this.socket.destroy());
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
      this.#end(known);
    }
  }

  #fail(code: FailureCode, message: string): void {
    this.#end(new WherryError(code, message));
  }

  #end(error: WherryError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.handlers.onEnd(error);
    this.socket.destroy();
  }
}
