import { createServer, type Server, type Socket } from 'node:net';
import { StreamParser } from '../engine/stream/parser';
import { pong, shut } from '../engine/stream/write';
import { WherryError } from '../shared/failure';
import type { DeviceState } from './device-section';
import { Loader } from './loader';
import type { Emit, Machine } from './machine';
import type { MigrationReport } from './migration-report';
import { describeAddress, socketOptions, type StreamAddress } from './stream-address';
import type { Tuning } from './tuning';

type IncomingStatus = 'setup' | 'active' | 'completed';

/**
 * A migration to here. Anything that goes wrong is `onFailure`, once: what has been loaded is then of no use, and the
 * process has to end.
 */
export class IncomingMigration {
  #status: IncomingStatus = 'setup';
  #address: StreamAddress | undefined;

  constructor(
    readonly machine: Machine,
    readonly tuning: Tuning,
    readonly emit: Emit,
    /** A stream that was cut off has no message: who drives the migration knows why, and says so. */
    readonly onFailure: (message?: string) => void,
  ) {}

  /** The answer to `query-migrate`. */
  report(): MigrationReport {
    if (this.#status !== 'setup' || this.#address === undefined) return { status: this.#status };
    return { status: this.#status, 'socket-address': [this.#socketAddress(this.#address)] };
  }

  /** Listens for the one source; rejects with the system's error if that is not possible. */
  async listen(address: StreamAddress): Promise<void> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        reject(new Error(`Failed to listen on '${describeAddress(address)}': ${error.code ?? error.message}`));
      });
      server.listen(socketOptions(address), resolve);
    });
    this.#address = withPort(address, server);
    this.#announce('setup');
    server.once('connection', (socket: Socket) => {
      server.close();
      void this.#load(socket);
    });
  }

  async #load(socket: Socket): Promise<void> {
    this.#announce('active');
    let answering = false;
    const loader = new Loader(this.machine.memory, {
      returnPath: () => (answering = true),
      ping: (value) => answering && socket.write(pong(value)),
      loaded: (device) => {
        this.#start(device);
        if (answering) socket.write(shut(0));
        this.#announce('completed');
      },
    });
    const parser = new StreamParser(loader);
    socket.on('error', () => undefined); // after loading it does not matter, before that the end of the stream says it
    try {
      for await (const chunk of socket) parser.push(Buffer.from(chunk as Uint8Array));
    } catch (error) {
      // What is thrown on purpose is about what came, anything else about the connection.
      if (this.#status !== 'completed') this.onFailure(error instanceof WherryError ? error.message : undefined);
      return;
    }
    this.#finish(parser, loader);
  }

  #finish(parser: StreamParser, loader: Loader): void {
    try {
      parser.end();
      loader.end();
    } catch {
      this.onFailure();
    }
  }

  /** Takes over the workload where the source left it; runs it if it ran there and nobody asked to wait. */
  #start({ workload, ran }: DeviceState): void {
    Object.assign(this.machine.workload, workload);
    this.machine.settle('paused');
    if (ran && this.machine.autostart) this.machine.run();
  }

  #socketAddress(address: StreamAddress): Readonly<Record<string, string>> {
    if (address.type === 'unix') return { type: 'unix', path: address.path };
    return { type: 'inet', host: address.host, port: String(address.port) };
  }

  #announce(status: IncomingStatus): void {
    this.#status = status;
    if (this.tuning.has('events')) this.emit('MIGRATION', { status });
  }
}

function withPort(address: StreamAddress, server: Server): StreamAddress {
  const bound = server.address();
  if (address.type === 'unix' || bound === null || typeof bound === 'string') return address;
  return { ...address, port: bound.port };
}
