import { connect, type Socket } from 'node:net';
import { Channel } from '../../src/engine/wire/channel';
import type { EpochHead, PartHead } from '../../src/engine/wire/epoch-frame';
import { frameHead, type FrameType } from '../../src/engine/wire/frame';
import { parseFailure, type Hello } from '../../src/engine/wire/hello';
import type { Failure } from '../../src/shared/failure';
import type { Opened } from './loopback';

/** What a small sender asks for. */
export const hello: Hello = {
  shards: 2,
  decompressThreads: 1,
  cachePagesPerShard: 4,
  maxPartPages: 64,
  channels: 1,
  resumeWindowMs: 0,
};

/** A small epoch's head. */
export const epoch: EpochHead = {
  rawBytes: 5000,
  digest: 0n,
  shards: [0],
  method: 'none',
  tableBytes: 0,
  table: Buffer.alloc(0),
};

/** A part that does not decode. */
export const part: PartHead = { method: 'none', pages: 1, rawBytes: 10, frame: Buffer.alloc(10) };

export interface Stranger {
  readonly socket: Socket;
  readonly send: (type: FrameType, body?: Uint8Array, epoch?: number, aux?: number) => void;
  /** The welcome's body. */
  readonly welcomed: Promise<Buffer>;
  readonly joined: Promise<void>;
  /** The receiver's reason for ending the connection; undefined where it gave none. */
  readonly told: Promise<Failure | undefined>;
}

/** A connection that says what it likes. */
export function stranger(opened: Opened, port: number): Stranger {
  const socket = opened.add(connect(port, '127.0.0.1'), (one) => one.destroy());
  let tell = (_: Failure | undefined): void => undefined;
  let welcome = (_: Buffer): void => undefined;
  let join = (): void => undefined;
  const told = new Promise<Failure | undefined>((done) => (tell = done));
  const welcomed = new Promise<Buffer>((done) => (welcome = done));
  const joined = new Promise<void>((done) => (join = done));
  new Channel(socket, 'receiver', {
    onFrame: ({ type, body }) => {
      if (type === 'failure') tell(parseFailure(body));
      else if (type === 'welcome') welcome(body);
      else if (type === 'joined') join();
    },
    onEnd: () => tell(undefined),
  });
  const send = (type: FrameType, body: Uint8Array = Buffer.alloc(0), epoch = 0, aux = 0): void => {
    socket.write(Buffer.concat([frameHead(type, body.length, epoch, aux), body]));
  };
  return { socket, send, welcomed, joined, told };
}
