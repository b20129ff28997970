import type { Socket } from 'node:net';
import { WherryError, toFailure } from '../../shared/failure';
import { type QmpAddress, formatQmpAddress, parseQmpAddress } from '../../shared/qmp-address';
import { openSocket, readGreeting } from './connect';
import { LineSplitter } from './lines';
import { type QmpEvent, type QmpGreeting, type QmpMessage, parseMessage } from './messages';

export type { QmpEvent, QmpGreeting } from './messages';

const connectTimeoutMs = 5_000;
/** QEMU answers nothing while it hands the guest over, which a slow link can stretch. */
const commandTimeoutMs = 60_000;

interface Pending {
  readonly command: string;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: WherryError) => void;
}

/** An end of a TCP connection. */
interface TcpEnd {
  readonly address: string;
  readonly port: number;
}

/** A session on a QMP monitor; QEMU serves one such client at a time per monitor. */
export class QmpClient {
  readonly greeting: QmpGreeting;
  /** How the monitor is reached, as written in messages. */
  readonly where: string;
  /** Both ends of the connection, on TCP only; `near` is ours, as the monitor sees it. */
  readonly ends?: { readonly near: TcpEnd; readonly far: TcpEnd };
  readonly #socket: Socket;
  readonly #lines: LineSplitter;
  readonly #pending = new Map<unknown, Pending>();
  readonly #eventListeners = new Set<(event: QmpEvent) => void>();
  readonly #closeListeners = new Set<(reason: WherryError) => void>();
  #lastId = 0;
  #closed: WherryError | undefined;

  private constructor(socket: Socket, lines: LineSplitter, where: string, greeting: QmpGreeting) {
    this.#socket = socket;
    this.#lines = lines;
    this.where = where;
    this.greeting = greeting;
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    if (
      localAddress !== undefined &&
      localPort !== undefined &&
      remoteAddress !== undefined &&
      remotePort !== undefined
    ) {
      this.ends = {
        near: { address: localAddress, port: localPort },
        far: { address: remoteAddress, port: remotePort },
      };
    }
    socket.on('data', (chunk: Buffer) => this.#receive(this.#understood(() => this.#lines.push(chunk)) ?? []));
    socket.on('close', () => this.#shut(new WherryError('qmp-closed', `QMP at ${where}: the connection was closed`)));
  }

  /**
   * Connects, reads the greeting and leaves negotiation behind, each within `timeoutMs` (5 s).
   * @throws WherryError `usage`, `qmp-unreachable` (nobody there), `qmp-protocol` (something else is there)
   */
  static async connect(address: string | QmpAddress, options: { timeoutMs?: number } = {}): Promise<QmpClient> {
    const target = typeof address === 'string' ? parseQmpAddress(address) : address;
    const where = formatQmpAddress(target);
    const timeoutMs = options.timeoutMs ?? connectTimeoutMs;
    const socket = await openSocket(target, timeoutMs);
    const lines = new LineSplitter();
    try {
      const { greeting, rest } = await readGreeting(socket, lines, where, timeoutMs);
      const client = new QmpClient(socket, lines, where, greeting);
      const negotiated = client.execute('qmp_capabilities', undefined, { timeoutMs });
      client.#receive(rest);
      socket.resume();
      await negotiated;
      return client;
    } catch (thrown) {
      socket.destroy();
      throw new WherryError('qmp-protocol', toFailure(thrown).message, { cause: thrown });
    }
  }

  /**
   * Runs a command and returns what QEMU returned; the caller vouches for `T` (or checks it).
   * @throws WherryError `qmp-command` with QEMU's class and text (`cause` has both apart), `qmp-timeout` after
   *   `timeoutMs` (60 s), `qmp-closed`
   */
  execute<T = unknown>(command: string, args?: object, options: { timeoutMs?: number } = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closed !== undefined) return reject(this.#closed);
      const id = ++this.#lastId;
      const timeoutMs = options.timeoutMs ?? commandTimeoutMs;
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new WherryError('qmp-timeout', `QMP at ${this.where}: no answer to ${command} within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#pending.set(id, { command, timer, resolve: (value) => resolve(value as T), reject });
      this.#socket.write(`${JSON.stringify({ execute: command, ...(args && { arguments: args }), id })}\n`);
    });
  }

  /** Calls `listener` for every event from now on; returns how to stop that. */
  on(listener: (event: QmpEvent) => void): () => void {
    this.#eventListeners.add(listener);
    return () => void this.#eventListeners.delete(listener);
  }

  /** Calls `listener` once when the session is over, at once if it already is; returns how to stop that. */
  onClose(listener: (reason: WherryError) => void): () => void {
    if (this.#closed !== undefined) listener(this.#closed);
    else this.#closeListeners.add(listener);
    return () => void this.#closeListeners.delete(listener);
  }

  /**
   * The next event of that name that satisfies `predicate`.
   * @throws WherryError `qmp-timeout` after `timeoutMs` (never, if it is left out), `qmp-closed`
   */
  waitFor(name: string, predicate: (event: QmpEvent) => boolean = () => true, timeoutMs?: number): Promise<QmpEvent> {
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        offEvent();
        offClose();
      };
      const fail = (error: WherryError) => {
        done();
        reject(error);
      };
      const expired = () =>
        fail(new WherryError('qmp-timeout', `QMP at ${this.where}: no ${name} event within ${timeoutMs} ms`));
      const timer = timeoutMs === undefined ? undefined : setTimeout(expired, timeoutMs);
      const offEvent = this.on((event) => {
        if (event.name !== name || !predicate(event)) return;
        done();
        resolve(event);
      });
      let offClose = () => {};
      offClose = this.onClose(fail);
    });
  }

  /** Ends the session; commands still waiting fail with `qmp-closed`. Safe to call twice. */
  close(): void {
    this.#shut(new WherryError('qmp-closed', `QMP at ${this.where}: the session was closed here`));
  }

  #receive(lines: readonly string[]): void {
    for (const line of lines) {
      const message = this.#understood(() => parseMessage(line));
      if (message === undefined) return;
      this.#dispatch(message);
    }
  }

  /** What `read` returns; the session is over when the monitor's bytes make it fail. */
  #understood<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (thrown) {
      const { code, message } = toFailure(thrown);
      this.#shut(new WherryError(code, `QMP at ${this.where}: ${message}`));
      return undefined;
    }
  }

  #dispatch(message: QmpMessage): void {
    if (message.kind === 'event') {
      for (const listener of [...this.#eventListeners]) listener(message.event);
      return;
    }
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    this.#pending.delete(message.id);
    clearTimeout(pending.timer);
    if (message.kind === 'return') pending.resolve(message.value);
    else {
      const { class: kind, desc } = message;
      const text = `QEMU at ${this.where} refused ${pending.command}: ${desc} (${kind})`;
      pending.reject(new WherryError('qmp-command', text, { cause: { class: kind, desc } }));
    }
  }

  #shut(reason: WherryError): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#socket.destroy();
    for (const { timer, reject } of this.#pending.values()) {
      clearTimeout(timer);
      reject(reason);
    }
    this.#pending.clear();
    for (const listener of this.#closeListeners) listener(reason);
    this.#closeListeners.clear();
    this.#eventListeners.clear();
  }
}
