import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  flows: boolean;
}

/** A TCP forwarder between sender and receiver that can be made to misbehave. */
export class Link {
  #pairs: Pair[] = [];
  readonly #halfOpen = new WeakSet<Pair>();
  #stalled = false;
  #gone = false;

  private constructor(private readonly server: Server) {}

  /** Stands before this port of the loopback interface. */
  static async before(port: number): Promise<Link> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const link = new Link(server);
    server.on('connection', (near) => link.#take(near, port));
    return link;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Every connection is reset; new ones get through. */
  cut(): void {
    for (const { near, far } of this.#pairs.splice(0)) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  /** Every connection is reset, and so is every new one. */
  goAway(): void {
    this.#gone = true;
    this.cut();
  }

  /** The receiver sees its connections end, the sender sees nothing any more; new ones get through. */
  halfOpen(): void {
    for (const pair of this.#pairs) {
      this.#halfOpen.add(pair);
      stop(pair);
      pair.far.destroy();
    }
  }

  /** Nothing gets through, on old connections or new ones, until it goes on. */
  stall(): void {
    this.#stalled = true;
    for (const pair of this.#pairs) stop(pair);
  }

  goOn(): void {
    this.#stalled = false;
    for (const pair of this.#pairs) start(pair);
  }

  /** The channel that was opened last is reset. */
  cutLast(): void {
    const last = this.#pairs.pop();
    last?.near.resetAndDestroy();
    last?.far.resetAndDestroy();
  }

  /** The channel that was opened last stalls until `goOn`. */
  stallLast(): void {
    const last = this.#pairs.at(-1);
    if (last) stop(last);
  }

  close(): void {
    this.server.close();
    this.goAway();
  }

  #take(near: Socket, port: number): void {
    near.on('error', () => undefined);
    if (this.#gone) return void near.resetAndDestroy();
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    far.on('error', () => near.destroy());
    const pair = { near, far, flows: false };
    this.#pairs.push(pair);
    near.once('close', () => {
      this.#pairs = this.#pairs.filter((each) => each !== pair);
      far.destroySoon();
    });
    far.once('close', () => {
      if (!this.#halfOpen.has(pair)) near.destroySoon();
    });
    if (this.#stalled) stop(pair);
    else start(pair);
  }
}

function start(pair: Pair): void {
  if (pair.flows) return;
  pair.flows = true;
  pair.near.pipe(pair.far);
  pair.far.pipe(pair.near);
}

function stop(pair: Pair): void {
  pair.flows = false;
  pair.near.unpipe(pair.far).pause();
  pair.far.unpipe(pair.near).pause();
}
