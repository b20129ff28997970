import { connect, type Socket } from 'node:net';
import { WherryError } from '../shared/failure';
import { sourceReport, type MigrationReport } from './migration-report';
import type { Emit, Machine } from './machine';
import { Precopy } from './precopy';
import { ReturnPathReader } from './return-path';
import { describeAddress, socketOptions, type StreamAddress } from './stream-address';
import { StreamOutput } from './stream-output';
import type { Tuning } from './tuning';

/** Statuses by the names `query-migrate` uses. */
export type OutgoingStatus = 'setup' | 'active' | 'completed' | 'failed' | 'cancelling' | 'cancelled';

/** One migration of the guest to somewhere else, from `setup` to one of its three ends. */
export class OutgoingMigration {
  status: OutgoingStatus = 'setup';
  precopy: Precopy | undefined;
  errorText: string | undefined;
  readonly times = { startMs: performance.now(), setupMs: 0, stopMs: 0, endMs: 0 };
  readonly returnPath: boolean;
  #socket: Socket | undefined;
  /** Whether the guest ran when it was stopped for the switchover; undefined before that. */
  #ran: boolean | undefined;

  constructor(
    readonly machine: Machine,
    readonly tuning: Tuning,
    readonly emit: Emit,
  ) {
    this.returnPath = tuning.has('return-path');
    this.#announce('setup');
  }

  get over(): boolean {
    return this.status === 'completed' || this.status === 'failed' || this.status === 'cancelled';
  }

  /** The answer to `query-migrate`. */
  report(): MigrationReport {
    return sourceReport(this, performance.now());
  }

  /** Runs the migration to its end; never rejects. */
  async run(address: StreamAddress): Promise<void> {
    try {
      await this.#migrate(address);
      this.#complete();
    } catch (error) {
      this.fail(error instanceof Error ? error.message : String(error));
    }
  }

  /** Gives up: the guest stays here. Without effect once the migration is over. */
  cancel(): void {
    if (this.over || this.status === 'cancelling') return;
    this.#announce('cancelling');
    this.#socket?.destroy(new WherryError('cancelled', 'Migration cancelled'));
  }

  /** Ends the migration as `failed`, or as `cancelled` if that was asked for; a guest that ran runs again. */
  fail(message: string): void {
    this.#socket?.destroy();
    this.#end();
    if (this.status === 'cancelling') {
      this.#resume();
      this.#announce('cancelled');
      return;
    }
    this.errorText = message;
    this.#announce('failed');
    this.#resume();
  }

  async #migrate(address: StreamAddress): Promise<void> {
    const socket = connect(socketOptions(address));
    this.#socket = socket;
    await connected(socket, address);
    const output = new StreamOutput(socket);
    const loaded = this.#listenBack(socket, output);
    const precopy = new Precopy(this.machine, this.tuning, output, (pass) => this.#pass(pass));
    this.precopy = precopy;
    await precopy.setup(this.returnPath);
    this.times.setupMs = performance.now() - this.times.startMs;
    this.#activate();
    await precopy.iterate();
    this.times.stopMs = performance.now();
    this.#ran = this.machine.finishMigrate();
    await precopy.finish(this.#ran);
    if (this.returnPath) await loaded;
    socket.end();
  }

  /** Reads the return path: resolves at a SHUT that says all is well, rejects at any other or when the link is lost. */
  #listenBack(socket: Socket, output: StreamOutput): Promise<void> {
    const reader = new ReturnPathReader();
    const loaded = new Promise<void>((resolve, reject) => {
      const refuse = (error: Error): void => {
        output.fail(error);
        reject(error);
      };
      socket.on('data', (chunk) => {
        try {
          for (const message of reader.push(Buffer.from(chunk))) {
            if (message.type === 'pong') continue;
            if (message.status !== 0) throw lost(`the destination reports error ${message.status}`);
            if (this.#ran === undefined) throw lost('the destination says it is done before it got everything');
            resolve();
          }
        } catch (error) {
          refuse(error instanceof Error ? error : lost(String(error)));
        }
      });
      socket.on('close', () => refuse(lost('the destination closed the connection before it had loaded everything')));
    });
    loaded.catch(() => undefined); // whoever waits hears of it; before that the output does
    return loaded;
  }

  #activate(): void {
    if (this.status === 'setup') this.#announce('active');
  }

  #complete(): void {
    this.machine.settle('postmigrate');
    this.#end();
    this.#announce('completed');
  }

  #end(): void {
    this.times.endMs = performance.now();
    this.machine.cpu.throttle = 0;
  }

  #resume(): void {
    if (this.#ran === undefined) return;
    if (this.#ran) this.machine.run();
    else this.machine.settle('paused');
  }

  #pass(pass: number): void {
    if (this.tuning.has('events')) this.emit('MIGRATION_PASS', { pass });
  }

  #announce(status: OutgoingStatus): void {
    this.status = status;
    if (this.tuning.has('events')) this.emit('MIGRATION', { status });
  }
}

function lost(what: string): WherryError {
  return new WherryError('source-failed', `Return path: ${what}`);
}

const systemTexts: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  ECONNREFUSED: 'Connection refused',
  EACCES: 'Permission denied',
};

function connected(socket: Socket, address: StreamAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const text = systemTexts[error.code ?? ''] ?? error.message;
      reject(new WherryError('source-failed', `Failed to connect to '${describeAddress(address)}': ${text}`));
    });
  });
}
