import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import xxhash, { type XXHashAPI } from 'xxhash-wasm';
import { WherryError, toFailure } from '../shared/failure';
import type { SpawnWorker } from '../shared/worker';
import { methodTable } from '../codec/methods';
import { maxTableBytes } from '../codec/order-table';
import { DecompressPool } from './receive/decompress-pool';
import { EpochAssembler } from './receive/epoch-assembler';
import { StreamRebuilder } from './receive/rebuild';
import { putPageHead, putZero } from './stream/format';
import { Channel } from './wire/channel';
import { parseEpochBody, parsePartBody } from './wire/epoch-frame';
import type { Frame } from './wire/frame';
import { parseFailure, parseHello } from './wire/hello';

/** Stream bytes taken off the wire and not yet with the destination before the link is made to wait. */
const maxPendingBytes = 16 * 2 ** 20;
/** A connection that has not introduced itself by then is closed. */
const helloMs = 10_000;
/** Connections that have not introduced themselves, at once. */
const maxStrangers = 16;

export interface ReceiverOptions {
  readonly spawn: SpawnWorker;
  /** Hex; what a sender has to show. */
  readonly token: string;
  /** Bytes of XBZRLE cache a sender may ask for. */
  readonly maxCacheBytes: number;
  /** Opens the destination's migration socket, once, when a sender has been accepted. */
  readonly connectDestination: () => Promise<Socket>;
  readonly onFailure: (error: WherryError) => void;
  readonly onNotice: (text: string) => void;
  /** How long a connection may take to introduce itself; 10 s. */
  readonly helloMs?: number;
}

/** Waits for one sender and brings its stream to the destination. */
export class Receiver {
  #session: ReceiverSession | undefined;
  readonly #strangers = new Set<Channel>();

  private constructor(
    private readonly options: ReceiverOptions,
    private readonly hasher: XXHashAPI,
    private readonly server: Server,
  ) {
    server.on('connection', (socket) => this.#greet(socket));
    server.on('error', (error) => options.onNotice(`a connection was lost before it was taken: ${error.message}`));
  }

  /** Listens; rejects with `wire-closed` when it cannot. Port 0 picks a free one. */
  static async listen(host: string, port: number, options: ReceiverOptions): Promise<Receiver> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(new WherryError('wire-closed', `cannot listen on ${host}:${port}: ${error.message}`)),
      );
      server.listen(port, host, resolve);
    });
    return new Receiver(options, await xxhash(), server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.close();
    for (const stranger of this.#strangers) stranger.destroy();
    this.#session?.close();
  }

  #greet(socket: Socket): void {
    if (this.#strangers.size >= maxStrangers) return void socket.destroy();
    let session: ReceiverSession | undefined;
    const channel = new Channel(socket, 'sender', {
      onFrame: (frame) => {
        if (session !== undefined) return session.hear(frame);
        session = this.#admit(channel, frame);
        clearTimeout(timer);
        this.#strangers.delete(channel);
      },
      onEnd: (error) => {
        clearTimeout(timer);
        this.#strangers.delete(channel);
        if (session !== undefined) session.fail(error);
        else this.options.onNotice(`refused a connection: ${error.message}`);
      },
    });
    const timer = setTimeout(() => {
      channel.destroy();
      this.#strangers.delete(channel);
    }, this.options.helloMs ?? helloMs);
    this.#strangers.add(channel);
  }

  /** Nothing of a stranger is looked at beyond its hello, which a sender's first frame is bound to be. */
  #admit(channel: Channel, { body }: Frame): ReceiverSession {
    const hello = parseHello(body, this.options.token, this.options.maxCacheBytes);
    if (this.#session !== undefined) throw new WherryError('wire-refused', 'a sender is connected already');
    const { shards, decompressThreads: threads, cachePagesPerShard, maxPartPages } = hello;
    const pool = new DecompressPool({ spawn: this.options.spawn, threads, cachePagesPerShard, maxPartPages });
    this.#session = new ReceiverSession(channel, pool, shards, this.hasher, this.options);
    return this.#session;
  }
}

/** One accepted sender. */
class ReceiverSession {
  readonly #assembler: EpochAssembler;
  #destination: Socket | undefined;
  #failed = false;
  #ended = false;

  constructor(
    private readonly channel: Channel,
    private readonly pool: DecompressPool,
    shards: number,
    hasher: XXHashAPI,
    private readonly options: ReceiverOptions,
  ) {
    this.#assembler = new EpochAssembler(
      hasher,
      pool,
      new StreamRebuilder({ putPageHead, putZero }, shards),
      shards,
      (bytes, epoch) => this.#emit(bytes, epoch),
      (error) => this.fail(error),
    );
    channel.socket.on('data', () => this.#report());
    options.connectDestination().then(
      (destination) => this.#open(destination),
      (error: unknown) => this.fail(error),
    );
  }

  hear({ type, aux, epoch, body }: Frame): void {
    if (type === 'failure') {
      const { code, message } = parseFailure(body);
      this.fail(new WherryError(code, message));
    } else if (this.#destination === undefined) {
      throw new WherryError('wire-protocol', `a ${type} frame before the welcome`);
    } else if (type === 'epoch') {
      const { rawBytes, digest, parts, method, tableBytes, table } = parseEpochBody(body);
      if (tableBytes > maxTableBytes) throw new WherryError('wire-protocol', `a table of ${tableBytes} bytes`);
      const unpacked = methodTable[method].decompress(table, tableBytes);
      this.#assembler.announce({ number: epoch, rawBytes, digest, parts, table: unpacked });
    } else if (type === 'part') this.#assembler.part(epoch, { shard: aux, ...parsePartBody(body) });
    else if (type === 'end') this.#endOfStream();
    else throw new WherryError('wire-protocol', `an unexpected ${type} frame`);
  }

  /** Tells the sender why, and lets go of the destination: it gives up a half-loaded guest by itself. */
  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const failure = toFailure(error);
    this.channel.giveUp(failure);
    this.#destination?.destroy();
    this.pool.close();
    this.options.onFailure(new WherryError(failure.code, failure.message));
  }

  close(): void {
    this.#failed = true;
    this.channel.destroy();
    this.#destination?.destroy();
    this.pool.close();
  }

  #open(destination: Socket): void {
    if (this.#failed) return void destination.destroy();
    this.#destination = destination;
    destination.on('data', (bytes: Buffer) => this.#returnPath(bytes));
    destination.on('end', () => this.channel.send('returnEnd'));
    destination.on('error', (error) => this.#lost(`the destination's migration socket broke: ${error.message}`));
    destination.on('close', () => this.#lost('the destination closed its migration socket'));
    this.channel.send('welcome');
  }

  #returnPath(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += 64 * 1024) {
      this.channel.send('returnPath', bytes.subarray(at, at + 64 * 1024));
    }
  }

  /** A destination that goes once it has everything is done; the session asks its monitor whether it is well. */
  #lost(message: string): void {
    if (this.#ended && this.#assembler.pendingBytes === 0) return;
    if (this.#assembler.pendingBytes > 0) this.fail(new WherryError('destination-failed', message));
    else this.channel.send('returnEnd');
  }

  async #emit(bytes: Buffer, epoch: number): Promise<void> {
    const destination = this.#destination;
    if (this.#failed || destination === undefined) return;
    if (!destination.writable)
      throw new WherryError('destination-failed', 'the destination takes no more of the stream');
    if (!destination.write(bytes, () => this.pool.buffers.give(bytes))) await drained(destination);
    if (this.#failed) return;
    this.channel.send('ack', undefined, epoch);
    if (this.channel.socket.isPaused() && this.#assembler.pendingBytes < maxPendingBytes) this.channel.socket.resume();
  }

  #endOfStream(): void {
    this.#assembler.drained().then(
      () => {
        this.#ended = true;
        this.#destination?.end();
      },
      () => undefined,
    );
  }

  /** Tells the sender what has been taken off the wire; stops taking when the destination is behind. */
  #report(): void {
    if (this.#failed || this.channel.ended) return;
    const total = Buffer.allocUnsafe(8);
    total.writeBigUInt64BE(BigInt(this.channel.bytesReceived));
    this.channel.send('received', total);
    if (this.#assembler.pendingBytes >= maxPendingBytes) this.channel.socket.pause();
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
