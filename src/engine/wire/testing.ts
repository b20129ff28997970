import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Channel } from './channel';
import type { Lane } from './lane';
import { PacedWriter } from './paced-writer';

/*
 * What the tests of this room share.
 */

/** A writer with a lane on each of these channels. */
export function writerOn(rate: number, ...channels: readonly Channel[]): { writer: PacedWriter; lanes: Lane[] } {
  const writer = new PacedWriter(rate);
  const lanes = channels.map((channel) => {
    const lane = writer.add();
    lane.use(channel, 0);
    return lane;
  });
  return { writer, lanes };
}

/** Both ends of a loopback connection. */
export interface SocketPair {
  readonly near: Socket;
  readonly far: Socket;
  close(): void;
}

export async function socketPair(): Promise<SocketPair> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const taken = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const far = await taken;
  await new Promise<void>((resolve) => (near.connecting ? near.once('connect', resolve) : resolve()));
  server.close();
  for (const socket of [near, far]) socket.on('error', () => undefined);
  return {
    near,
    far,
    close: () => {
      near.destroy();
      far.destroy();
    },
  };
}
