import { rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from '../host/temporary';
import { WherryError } from '../shared/failure';
import { parseQmpAddress } from './qmp/address';
import type { QmpClient } from './qmp/client';
import { queryMigrate } from './qmp/migrate';

const connectMs = 10_000;

/**
 * The two sockets that a migration's stream passes on its way through us. They are of the same kind as the monitor
 * each QEMU is driven by: unix sockets in a folder of our own, or TCP where the monitor is reached over TCP.
 */
export class StreamSockets {
  #server: Server | undefined;

  private constructor(private readonly folder: string) {}

  static async create(): Promise<StreamSockets> {
    return new StreamSockets(await temporaryFolder());
  }

  /** Makes the destination wait for a stream, unless it does already; says where. */
  async openIncoming(destination: QmpClient, address: string): Promise<string> {
    const waiting = await incomingAddress(destination);
    if (waiting !== undefined) return waiting;
    const target = parseQmpAddress(address);
    if (target.kind === 'unix') {
      const path = join(this.folder, 'in');
      await destination.execute('migrate-incoming', { uri: `unix:${path}` });
      return path;
    }
    await destination.execute('migrate-incoming', { uri: `tcp:${bracketed(target.host)}:0` });
    const given = await incomingAddress(destination);
    if (given === undefined)
      throw new WherryError('destination-failed', 'the destination does not say where it listens');
    return given;
  }

  /** Listens for the source; `uri` is for its `migrate`, `accepted` the one connection it makes. */
  async listenForSource(source: QmpClient, address: string): Promise<{ uri: string; accepted: Promise<Socket> }> {
    const server = createServer({ allowHalfOpen: true });
    this.#server = server;
    const accepted = new Promise<Socket>((resolve) =>
      server.once('connection', (socket) => {
        server.close();
        resolve(socket);
      }),
    );
    if (parseQmpAddress(address).kind === 'unix') {
      const path = join(this.folder, 'out');
      await listening(server, { path });
      return { uri: `unix:${path}`, accepted };
    }
    const host = source.localAddress ?? '127.0.0.1';
    await listening(server, { host, port: 0 });
    const { port } = server.address() as AddressInfo;
    return { uri: `tcp:${bracketed(host)}:${port}`, accepted };
  }

  async close(): Promise<void> {
    this.#server?.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Connects to a destination's migration socket as `openIncoming` named it. */
export async function connectIncoming(where: string): Promise<Socket> {
  const tcp = /^tcp:(.+):(\d+)$/.exec(where);
  const socket = connect({
    ...(tcp === null ? { path: where } : { host: tcp[1], port: Number(tcp[2]) }),
    allowHalfOpen: true,
  });
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new WherryError('destination-failed', `cannot connect to the destination's migration socket: ${why}`));
    };
    const timer = setTimeout(() => fail(`no answer for ${connectMs} ms`), connectMs);
    socket.once('error', (error) => fail(error.message));
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

async function incomingAddress(destination: QmpClient): Promise<string | undefined> {
  const { 'socket-address': addresses } = await queryMigrate(destination);
  const address = addresses?.[0];
  if (address?.type === 'unix') return address.path;
  if (address?.type === 'inet') return `tcp:${address.host}:${address.port}`;
  return undefined;
}

function listening(server: Server, where: { path: string } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(new WherryError('internal', `cannot listen for the source's stream: ${error.message}`)),
    );
    server.listen(where, resolve);
  });
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
