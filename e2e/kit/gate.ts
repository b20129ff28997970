import { connect, type Socket } from 'node:net';
import { serve, type Opened } from './loopback';

/** A connection has been let in by then; what follows are parts. */
const handshakeBytes = 4096;

/** A TCP forwarder before a receiver that singles out the first of the further channels to carry a part. */
export class Gate {
  /** Bytes that each connection has brought to the receiver, in the order they were made. */
  readonly passed: number[] = [];
  /** The connection that was singled out. */
  held: number | undefined;
  #doing: 'hold' | 'cut' | undefined;
  #heldSocket: Socket | undefined;

  constructor(private readonly opened: Opened) {}

  /** From its first part on nothing of it gets through until `open`. */
  holdFirstToCarry(): void {
    this.#doing = 'hold';
  }

  cutFirstToCarry(): void {
    this.#doing = 'cut';
  }

  open(): void {
    this.#heldSocket?.resume();
  }

  /** Stands before this port; resolves to its own. */
  readonly between = (port: number): Promise<number> =>
    serve(this.opened, (near) => {
      const far = this.opened.add(connect(port, '127.0.0.1'), (socket) => socket.destroy());
      const number = this.passed.push(0) - 1;
      far.on('error', () => undefined);
      far.pipe(near);
      far.on('close', () => near.destroy());
      near.on('close', () => far.destroy());
      near.on('data', (chunk: Buffer) => {
        if (number > 0 && (this.passed[number] ?? 0) + chunk.length > handshakeBytes) this.#singleOut(number, near);
        this.passed[number] = (this.passed[number] ?? 0) + chunk.length;
        far.write(chunk);
      });
    });

  #singleOut(number: number, socket: Socket): void {
    if (this.held !== undefined || this.#doing === undefined) return;
    this.held = number;
    this.#heldSocket = socket;
    if (this.#doing === 'cut') socket.destroy();
    else socket.pause();
  }
}
