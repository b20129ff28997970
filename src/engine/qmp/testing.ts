import { mkdtempSync, rmSync } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/*
 * A monitor whose every line the tests write themselves.
 */

export const greetingLine = JSON.stringify({
  QMP: { version: { qemu: { micro: 22, minor: 2, major: 7 }, package: 'Debian' }, capabilities: ['oob'] },
});

/** A command as it arrived. */
export interface Asked {
  readonly execute: string;
  readonly arguments?: unknown;
  readonly id: number;
}

export type Answer = (asked: Asked, socket: Socket) => void;

export class FakeMonitor {
  readonly path: string;
  readonly asked: Asked[] = [];
  /** All that a client has sent, once the first one is gone. */
  readonly heard: Promise<string>;
  #tell: (all: string) => void = () => undefined;
  readonly #directory: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(directory: string, server: Server) {
    this.#directory = directory;
    this.path = join(directory, 'qmp.sock');
    this.#server = server;
    this.heard = new Promise((resolve) => (this.#tell = resolve));
  }

  /** Listens and writes `first` to whoever connects; `answer` gets every command but the negotiation. */
  static async listen(first: string | Buffer, answer: Answer = () => undefined): Promise<FakeMonitor> {
    const server = createServer();
    const monitor = new FakeMonitor(mkdtempSync(join(tmpdir(), 'wherry-qmp-')), server);
    server.on('connection', (socket) => monitor.#serve(socket, first, answer));
    await new Promise<void>((resolve) => server.listen(monitor.path, resolve));
    return monitor;
  }

  #serve(socket: Socket, first: string | Buffer, answer: Answer): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write(first);
    let text = '';
    let all = '';
    socket.on('close', () => this.#tell(all));
    socket.on('data', (chunk: Buffer) => {
      all += chunk.toString();
      const lines = (text + chunk.toString()).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) this.#take(JSON.parse(line) as Asked, socket, answer);
    });
  }

  #take(asked: Asked, socket: Socket, answer: Answer): void {
    this.asked.push(asked);
    if (asked.execute === 'qmp_capabilities') reply(socket, { return: {}, id: asked.id });
    else answer(asked, socket);
  }

  /** Cuts every connection. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.hangUp();
    this.#server.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Writes one line to the client. */
export function reply(socket: Socket, message: object): void {
  socket.write(`${JSON.stringify(message)}\r\n`);
}
