import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/*
 * What the tests of this room share.
 */

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
