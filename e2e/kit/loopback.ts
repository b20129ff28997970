import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Receiver, type ReceiverOptions } from '../../src/engine/receiver';
import { Sender } from '../../src/engine/sender';
import type { Beats } from '../../src/engine/wire/pulse';
import { connectIncoming } from '../../src/engine/stream-sockets';
import type { WherryError } from '../../src/shared/failure';
import { defaultSettings, type MigrationSettings } from '../../src/shared/settings';
import type { SpawnWorker } from '../../src/shared/worker';

export const token = 'c0ffee00'.repeat(8);

/** Whatever a test has opened; closed in the reverse order. */
export class Opened {
  readonly #closers: (() => void)[] = [];

  add<T>(thing: T, close: (thing: T) => void): T {
    this.#closers.push(() => close(thing));
    return thing;
  }

  close(): void {
    for (const close of this.#closers.splice(0).reverse()) close();
  }
}

/** A server on the loopback address, and the sockets it takes. */
export async function serve(opened: Opened, take: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    opened.add(socket, () => socket.destroy());
    take(socket);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  opened.add(server, () => server.close());
  return (server.address() as AddressInfo).port;
}

/** What a destination was given, and its end of the connection. */
export class Destination {
  readonly chunks: Buffer[] = [];
  readonly port: Promise<number>;
  socket: Socket | undefined;
  /** Called for every chunk. */
  onData: () => void = () => undefined;
  /** Nothing more will come. */
  readonly ended: Promise<void>;

  constructor(opened: Opened) {
    let end = (): void => undefined;
    this.ended = new Promise((resolve) => (end = resolve));
    this.port = serve(opened, (socket) => {
      this.socket = socket;
      socket.on('data', (chunk: Buffer) => {
        this.chunks.push(chunk);
        this.onData();
      });
      socket.on('end', end);
      socket.on('close', end);
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

export interface Loopback {
  readonly sender: Sender;
  readonly destination: Destination;
  /** The source's end of the stream. */
  readonly source: Socket;
  /** The source has been cut off, or its stream was taken to the end. */
  readonly released: Promise<void>;
  /** The sender's end of it. */
  readonly attached: Socket;
  readonly notices: string[];
  /** Why either side gave up, the first of each. */
  readonly failures: { readonly sender: Promise<WherryError>; readonly receiver: Promise<WherryError> };
}

export interface LoopbackOptions {
  readonly spawn: SpawnWorker;
  readonly settings?: Partial<MigrationSettings>;
  /** Stands between the two sides; given the receiver's port, returns its own. */
  readonly between?: (port: number) => Promise<number>;
  readonly beats?: Beats;
  readonly graceMs?: number;
}

/** A receiver before `destination`, failures noted. */
export async function listen(
  opened: Opened,
  spawn: SpawnWorker,
  options: Partial<ReceiverOptions> = {},
): Promise<{ receiver: Receiver; destination: Destination; failed: Promise<WherryError>; notices: string[] }> {
  const destination = new Destination(opened);
  const notices: string[] = [];
  let fail = (_: WherryError): void => undefined;
  const failed = new Promise<WherryError>((resolve) => (fail = resolve));
  const where = `tcp:127.0.0.1:${await destination.port}`;
  const receiver = await Receiver.listen('127.0.0.1', 0, {
    spawn,
    token,
    maxCacheBytes: 64 * 2 ** 20,
    connectDestination: () => connectIncoming(where),
    onFailure: fail,
    onNotice: (text) => notices.push(text),
    ...options,
  });
  opened.add(receiver, () => receiver.close());
  return { receiver, destination, failed, notices };
}

/** Sender and receiver over the loopback wire, a source's socket attached. */
export async function loopback(opened: Opened, options: LoopbackOptions): Promise<Loopback> {
  const { spawn, settings, between, beats, graceMs } = options;
  const timing = { ...(beats !== undefined && { beats }), ...(graceMs !== undefined && { graceMs }) };
  const { receiver, destination, failed, notices } = await listen(opened, spawn, timing);
  let fail = (_: WherryError): void => undefined;
  const senderFailed = new Promise<WherryError>((resolve) => (fail = resolve));
  const sender = await Sender.create({
    settings: { ...defaultSettings, compressThreads: 2, xbzrleCacheBytes: 8 * 2 ** 20, ...settings },
    spawn,
    onNotice: (text) => notices.push(text),
    onFailure: fail,
    ...(beats !== undefined && { beats }),
  });
  opened.add(sender, () => sender.close());
  await sender.connect({ host: '127.0.0.1', port: (await between?.(receiver.port)) ?? receiver.port, token });
  let take = (_: Socket): void => undefined;
  const accepted = new Promise<Socket>((resolve) => (take = resolve));
  const port = await serve(opened, take);
  const source = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  source.on('error', () => undefined);
  opened.add(source, () => source.destroy());
  const attached = await accepted;
  sender.attach(attached);
  const released = new Promise<void>((resolve) => attached.once('close', () => resolve()));
  return {
    sender,
    destination,
    source,
    released,
    attached,
    notices,
    failures: { sender: senderFailed, receiver: failed },
  };
}

/** A plain TCP forwarder that lets a test spoil one byte on its way to the receiver, or cut the link there. */
export function spoiler(opened: Opened, at: number, how: 'flip' | 'cut'): (port: number) => Promise<number> {
  return (port) =>
    serve(opened, (near) => {
      const far = opened.add(connect(port, '127.0.0.1'), (socket) => socket.destroy());
      far.on('error', () => undefined);
      far.pipe(near);
      far.on('close', () => near.destroy());
      near.on('close', () => far.destroy());
      let seen = 0;
      near.on('data', (chunk: Buffer) => {
        const here = at - seen;
        seen += chunk.length;
        const hit = here >= 0 && here < chunk.length;
        if (hit && how === 'cut') return near.destroy();
        if (hit) chunk[here] = (chunk[here] ?? 0) ^ 0x55;
        far.write(chunk);
      });
    });
}
