import { type Server, type Socket, createServer } from 'node:net';
import { WherryError } from '../shared/failure';

/** A line longer than this is none; its beginning is thrown away. */
const lineChars = 4096;

interface Waiting {
  line(line: string): void;
  fail(why: string): void;
}

/**
 * The other end of a guest's serial port. QEMU connects to it, so no line is missed, however early; all that comes is
 * read and dropped unless somebody waits for it (QEMU keeps a log file of its own).
 */
export class SerialConsole {
  readonly #server: Server;
  readonly #waiting = new Set<Waiting>();
  readonly #path: string;
  #socket: Socket | undefined;
  #partial = '';
  #lastLine: string | undefined;

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
    server.on('connection', (socket) => this.#take(socket));
  }

  static async listen(path: string): Promise<SerialConsole> {
    const server = createServer();
    const serial = new SerialConsole(server, path);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    return serial;
  }

  /** QEMU's arguments for a first serial port that ends here and is also written to `logPath`. */
  qemuArgs(logPath: string): string[] {
    const escaped = (path: string): string => path.replaceAll(',', ',,');
    const chardev = `socket,id=serial0,path=${escaped(this.#path)},server=off,logfile=${escaped(logPath)}`;
    return ['-chardev', chardev, '-serial', 'chardev:serial0'];
  }

  /** The last whole line the guest wrote. */
  get lastLine(): string | undefined {
    return this.#lastLine;
  }

  /** Types to the guest. Bytes go out when the guest reads its port, so never while it is paused. */
  send(text: string): void {
    this.#socket?.write(text);
  }

  /**
   * The next whole line that satisfies `predicate`.
   * @throws WherryError `worker` naming `what` was waited for, after `timeoutMs`
   */
  waitForLine(predicate: (line: string) => boolean, what: string, timeoutMs: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
      };
      const waiting: Waiting = {
        line: (line) => {
          if (!predicate(line)) return;
          done();
          resolve(line);
        },
        fail: (why) => {
          done();
          const last = JSON.stringify(this.#lastLine);
          reject(new WherryError('worker', `Guest: expected ${what}, but ${why}; last line: ${last}`));
        },
      };
      const timer = setTimeout(() => waiting.fail(`not within ${timeoutMs} ms`), timeoutMs);
      this.#waiting.add(waiting);
    });
  }

  /** Hangs up; whoever still waits for a line is told. */
  close(): void {
    this.#server.close();
    this.#socket?.destroy();
    for (const waiting of [...this.#waiting]) waiting.fail('its console was closed');
  }

  #take(socket: Socket): void {
    this.#socket = socket;
    socket.on('error', () => undefined); // QEMU was killed; its exit says so
    socket.setEncoding('latin1').on('data', (text: string) => {
      const lines = (this.#partial + text).split('\n');
      this.#partial = (lines.pop() ?? '').slice(-lineChars);
      for (const line of lines) this.#tell(line.trimEnd());
    });
  }

  #tell(line: string): void {
    this.#lastLine = line;
    for (const waiting of [...this.#waiting]) waiting.line(line);
  }
}
