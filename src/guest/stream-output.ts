import type { Socket } from 'node:net';
import { WherryError } from '../shared/failure';

const chunkBytes = 64 * 1024;
/** Chunks in the socket's hands at most: enough to keep it busy, little enough that its speed is what we measure. */
const chunkCount = 4;

/**
 * Writes a stream to a socket with bounded buffers. A chunk belongs to the writer while it is `buffer`, to the socket
 * from `flush` until the write's callback, and then lies free.
 */
export class StreamOutput {
  /** The chunk being filled; write at `position` and move that, up to `room` bytes. */
  buffer: Buffer = Buffer.allocUnsafeSlow(chunkBytes);
  position = 0;
  readonly #free: Buffer[] = [];
  readonly #socket: Socket;
  #chunks = 1;
  #flushedBytes = 0;
  #acceptedBytes = 0;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.fail(new WherryError('source-failed', 'Unable to write to socket: Broken pipe')));
  }

  get room(): number {
    return this.buffer.length - this.position;
  }

  /** Bytes written here, whether or not the socket took them yet. */
  get queuedBytes(): number {
    return this.#flushedBytes + this.position;
  }

  /** Bytes the operating system took. */
  get acceptedBytes(): number {
    return this.#acceptedBytes;
  }

  /** Ends all waiting and every further use with this error; the first one stays. */
  fail(error: Error): void {
    this.#error ??= error;
    this.#wake?.();
  }

  /** Copies a few bytes, at most a chunk. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.room < bytes.length) await this.flush();
    this.buffer.set(bytes, this.position);
    this.position += bytes.length;
  }

  /** Hands over what there is and waits until a chunk is free again. */
  async flush(): Promise<void> {
    this.#check();
    if (this.position === 0) return;
    const full = this.buffer;
    this.#flushedBytes += this.position;
    const bytes = full.subarray(0, this.position);
    this.position = 0;
    this.#socket.write(bytes, (error) => this.#taken(full, bytes.length, error ?? undefined));
    const next = this.#free.pop() ?? this.#grown();
    this.buffer = next ?? (await this.#nextFree());
  }

  /** Resolves when the operating system has taken everything. */
  async drain(): Promise<void> {
    await this.flush();
    while (this.#acceptedBytes < this.#flushedBytes) await this.#sleep();
  }

  #taken(chunk: Buffer, bytes: number, error: Error | undefined): void {
    if (error !== undefined) return this.fail(error);
    this.#acceptedBytes += bytes;
    this.#free.push(chunk);
    this.#wake?.();
  }

  #grown(): Buffer | undefined {
    if (this.#chunks === chunkCount) return undefined;
    this.#chunks += 1;
    return Buffer.allocUnsafeSlow(chunkBytes);
  }

  async #nextFree(): Promise<Buffer> {
    for (;;) {
      const chunk = this.#free.pop();
      if (chunk !== undefined) return chunk;
      await this.#sleep();
    }
  }

  async #sleep(): Promise<void> {
    this.#check();
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
    this.#check();
  }

  #check(): void {
    if (this.#error !== undefined) throw this.#error;
  }
}
