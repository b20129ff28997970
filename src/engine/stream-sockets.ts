import { rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { tcpOwner } from '../host/tcp-owner';
import { isListenedIn, temporaryFolder } from '../host/temporary';
import { WherryError } from '../shared/failure';
import { parseQmpAddress } from '../shared/qmp-address';
import type { QmpClient } from './qmp/client';
import { queryMigrate } from './qmp/migrate';
import { SourceDoor, type JudgeSource } from './source-door';

const connectMs = 10_000;

/**
 * The two sockets that a migration's stream passes on its way through us. They are of the same kind as the monitor
 * each QEMU is driven by: unix sockets in a folder of our own, or TCP where the monitor is reached over TCP, at the
 * very address at which that QEMU sees us: the loopback interface where the monitor is there.
 */
export class StreamSockets {
  #door: SourceDoor | undefined;
  /** A destination waits in the folder, and nobody has connected to it yet. */
  #awaited = false;

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
      this.#awaited = true;
      return path;
    }
    await destination.execute('migrate-incoming', { uri: `tcp:${bracketed(target.host)}:0` });
    const given = await incomingAddress(destination);
    if (given === undefined)
      throw new WherryError('destination-failed', 'the destination does not say where it listens');
    return given;
  }

  /**
   * Listens for the source; `uri` is for its `migrate`, `accepted` the connection it makes. `say` is told of whoever was
   * hung up on for being somebody else.
   */
  async listenForSource(
    source: QmpClient,
    address: string,
    say: (text: string) => void,
  ): Promise<{ uri: string; accepted: Promise<Socket> }> {
    let take = (_: Socket): void => undefined;
    const accepted = new Promise<Socket>((resolve) => (take = resolve));
    if (parseQmpAddress(address).kind === 'unix') {
      const path = join(this.folder, 'out');
      this.#door = await SourceDoor.listen({ path }, take);
      return { uri: `unix:${path}`, accepted };
    }
    const host = source.ends?.near.address ?? '127.0.0.1';
    this.#door = await SourceDoor.listen({ host, port: 0 }, take, await sameOwner(source, say));
    return { uri: `tcp:${bracketed(host)}:${this.#door.port}`, accepted };
  }

  /** Connects to the destination that `openIncoming` made wait; `where` is what it returned. */
  async connect(where: string): Promise<Socket> {
    const socket = await connectIncoming(where);
    this.#awaited = false;
    return socket;
  }

  /** A destination that still waits keeps its socket: whoever migrates next finds it there. */
  async close(): Promise<void> {
    this.#door?.close();
    if (this.#awaited && (await isListenedIn(this.folder))) return;
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Connects to a QEMU that listens by itself; `address` is its `-incoming` one, `tcp:…` or `unix:…`. */
export function connectQemu(address: string): Promise<Socket> {
  const where = parseQmpAddress(address);
  return connectIncoming(where.kind === 'unix' ? where.path : `tcp:${where.host}:${where.port}`);
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
      const advice = `it waits at ${where}; if nobody can reach it there any more, start a fresh one`;
      const message = `cannot connect to the destination's migration socket: ${why}; ${advice}`;
      reject(new WherryError('destination-failed', message));
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

/**
 * Nobody but the monitor's own user is taken for the source where its monitor is on this machine: any user of it can
 * find our port and speak first. Where nobody says whose the monitor is, it is elsewhere, and so is the source.
 */
async function sameOwner({ ends }: QmpClient, say: (text: string) => void): Promise<JudgeSource | undefined> {
  const wanted = ends && (await tcpOwner(ends.far, ends.near));
  if (wanted === undefined) return undefined;
  return async ({ remoteAddress, remotePort, localAddress, localPort }) => {
    const end = { address: remoteAddress ?? '', port: remotePort ?? 0 };
    const owner = await tcpOwner(end, { address: localAddress ?? '', port: localPort ?? 0 });
    if (owner === wanted) return true;
    const whose = owner === undefined ? 'of no process here' : `of user ${owner}`;
    say(`hung up on a connection to the port for the source: it is ${whose}, the source's monitor of user ${wanted}`);
    return false;
  };
}

async function incomingAddress(destination: QmpClient): Promise<string | undefined> {
  const { 'socket-address': addresses } = await queryMigrate(destination);
  const address = addresses?.[0];
  if (address?.type === 'unix') return address.path;
  if (address?.type === 'inet') return `tcp:${address.host}:${address.port}`;
  return undefined;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
