import { connect, type Socket } from 'node:net';
import { serve, type Opened } from './loopback';

/** Where a link breaks: so many bytes after the last break, counted over all connections. */
export type Direction = 'there' | 'back';

/** Both ends see a connection end, or the receiver alone. */
export type Break = 'cut' | 'half-open';

interface Pair {
  /** The sender's end. */
  readonly near: Socket;
  readonly far: Socket;
}

/** A TCP forwarder before a receiver, for links that break, stand still, or cannot be had. */
export class Cutter {
  /** Connections made so far, and those that were broken here. */
  made = 0;
  cuts = 0;
  /** Bytes that have come from the receiver. */
  back = 0;
  readonly #pairs = new Set<Pair>();
  #direction: Direction = 'there';
  #gaps: number[] = [];
  #left = Infinity;
  #refusing = false;
  #away: { readonly bytes: Uint8Array; left: number } = { bytes: new Uint8Array(), left: 0 };
  #text: { readonly text: string; readonly arrives: boolean } | undefined;
  #all: { readonly text: string; readonly how: Break } | undefined;
  /** Called after each cut. */
  onCut: () => void = () => undefined;

  constructor(private readonly opened: Opened) {}

  /** Breaks the connection that carries the byte after each of these gaps, one break after the other. */
  cutAfter(gaps: readonly number[], direction: Direction = 'there'): void {
    this.#direction = direction;
    this.#gaps = [...gaps];
    this.#left = this.#gaps.shift() ?? Infinity;
  }

  /** Breaks every connection there is. */
  cutAll(): void {
    for (const { near, far } of [...this.#pairs]) {
      near.destroy();
      far.destroy();
    }
    this.cuts += 1;
  }

  /** Nothing goes through any more on the connections there are, and nobody is told; new ones are none the worse. */
  stall(): void {
    for (const { near, far } of this.#pairs) {
      near.unpipe();
      near.removeAllListeners('data').removeAllListeners('close').pause();
      far.removeAllListeners('data').removeAllListeners('close').pause();
    }
  }

  /** Breaks the connection on which this text is first seen on its way there; the text itself arrives, or does not. */
  cutAt(text: string, arrives: boolean): void {
    this.#text = { text, arrives };
  }

  /** Breaks every connection there is as soon as this text is seen on its way there, which does not arrive. */
  breakAt(text: string, how: Break): void {
    this.#all = { text, how };
  }

  /** The receiver sees its connections end, the sender sees nothing any more; new ones are none the worse. */
  halfOpen(): void {
    this.stall();
    for (const { far } of this.#pairs) far.destroy();
    this.#pairs.clear();
    this.cuts += 1;
  }

  /** Takes new connections, or closes them at once. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing;
  }

  /** Says this to so many new connections, and hangs up. */
  turnAway(bytes: Uint8Array, connections: number): void {
    this.#away = { bytes, left: connections };
  }

  /** Connections still to be turned away. */
  get away(): number {
    return this.#away.left;
  }

  /** Stands before this port; resolves to its own. */
  readonly between = (port: number): Promise<number> =>
    serve(this.opened, (near) => {
      if (this.#refusing) return void near.destroy();
      if (this.#away.left > 0) {
        this.#away.left -= 1;
        return void near.resume().end(this.#away.bytes);
      }
      this.made += 1;
      const far = this.opened.add(connect(port, '127.0.0.1'), (socket) => socket.destroy());
      const pair = { near, far };
      this.#pairs.add(pair);
      far.on('error', () => undefined);
      this.#forward(near, far, 'there', pair);
      this.#forward(far, near, 'back', pair);
    });

  #forward(from: Socket, to: Socket, direction: Direction, pair: Pair): void {
    from.on('close', () => {
      to.destroy();
      this.#pairs.delete(pair);
    });
    from.on('data', (chunk: Buffer) => {
      if (direction === 'there' && this.#all !== undefined && chunk.includes(this.#all.text)) {
        const { how } = this.#all;
        this.#all = undefined;
        if (how === 'half-open') this.halfOpen();
        else this.cutAll();
        return this.onCut();
      }
      if (direction === 'back') this.back += chunk.length;
      else if (this.#text !== undefined && chunk.includes(this.#text.text)) {
        to.end(this.#text.arrives ? chunk : '');
        from.destroy();
        this.#text = undefined;
        this.cuts += 1;
        return;
      }
      if (direction !== this.#direction || chunk.length < this.#left) {
        if (direction === this.#direction) this.#left -= chunk.length;
        return void to.write(chunk);
      }
      // What went before the break arrives, as it would on a real link; what comes after it does not.
      to.end(chunk.subarray(0, this.#left));
      from.destroy();
      this.cuts += 1;
      this.#left = this.#gaps.shift() ?? Infinity;
      this.onCut();
    });
  }
}
