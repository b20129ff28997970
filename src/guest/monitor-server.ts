import { createServer, type Server, type Socket } from 'node:net';
import { LineSplitter } from '../engine/qmp/lines';
import { encodeError, encodeEvent, encodeReturn, parseRequest, type Request } from './monitor-codec';
import { QmpError } from './qmp-error';

/** As which QEMU the guest presents itself: the commands and the stream are those of this version. */
export const version = { qemu: { major: 7, minor: 2, micro: 22 }, package: 'wherry-guest' } as const;

/** Runs a command; what it throws is the error reply. */
export type Execute = (command: string, args: unknown) => unknown;

/** A QMP monitor on a unix socket. Several clients may be connected; each gets every event from its negotiation on. */
export class MonitorServer {
  readonly #execute: Execute;
  readonly #sessions = new Set<Session>();
  readonly #server: Server;

  constructor(execute: Execute) {
    this.#execute = execute;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Rejects with the system's error when the path is not to be had. */
  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, resolve);
    });
  }

  emit(event: string, data?: Readonly<Record<string, unknown>>): void {
    const line = encodeEvent(event, data, Date.now());
    for (const session of this.#sessions) session.event(line);
  }

  /** Ends all sessions once what was written to them is out. */
  async close(): Promise<void> {
    this.#server.close();
    await Promise.all([...this.#sessions].map((session) => session.end()));
  }

  #accept(socket: Socket): void {
    const session = new Session(socket, this.#execute);
    this.#sessions.add(session);
    socket.on('close', () => this.#sessions.delete(session));
  }
}

/** One client: commands are answered in the order they came. */
class Session {
  readonly #socket: Socket;
  readonly #execute: Execute;
  readonly #lines = new LineSplitter();
  #negotiated = false;
  #queue: Promise<void> = Promise.resolve();

  constructor(socket: Socket, execute: Execute) {
    this.#socket = socket;
    this.#execute = execute;
    socket.on('error', () => undefined); // a client that goes away is no failure of the guest
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#send(JSON.stringify({ QMP: { version, capabilities: [] } }));
  }

  event(line: string): void {
    if (this.#negotiated) this.#send(line);
  }

  end(): Promise<void> {
    return new Promise((resolve) => this.#socket.end(resolve));
  }

  #receive(chunk: Buffer): void {
    try {
      for (const line of this.#lines.push(chunk)) this.#queue = this.#queue.then(() => this.#answer(line));
    } catch {
      this.#socket.destroy(); // a line without end
    }
  }

  async #answer(line: string): Promise<void> {
    let request: Request | undefined;
    try {
      request = parseRequest(line);
      this.#send(encodeReturn((await this.#run(request)) ?? {}, request.id));
    } catch (error) {
      this.#send(encodeError(error, request?.id));
    }
  }

  #run({ command, arguments: args }: Request): unknown {
    if (this.#negotiated) return this.#execute(command, args);
    if (command !== 'qmp_capabilities') {
      throw new QmpError('CommandNotFound', `Expecting capabilities negotiation with 'qmp_capabilities'`);
    }
    this.#negotiated = true;
    return undefined;
  }

  #send(line: string): void {
    if (this.#socket.writable) this.#socket.write(`${line}\r\n`);
  }
}
