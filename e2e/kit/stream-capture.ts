import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { QmpClient } from '../../src/engine/qmp/client';
import { StreamParser } from '../../src/engine/stream/parser';
import { StreamSerialiser } from '../../src/engine/stream/serialise';
import { shut } from '../../src/engine/stream/write';

/**
 * A boot sector that writes `A` to the serial port and then for ever increments every 1024th byte of 64 KiB:
 * mov dx,3f8h; mov al,'A'; out dx,al; mov ax,1000h; mov ds,ax; invlpg [di]; inc byte [di]; add di,400h; jmp to invlpg.
 * Without the invlpg QEMU 7.2's emulation overlooks writes to pages that stay in its translation cache.
 */
const bootCode = Buffer.from('baf803b041eeb800108ed80f013dfe0581c70004ebf5', 'hex');

/** Something made for one test and undone after it, last made first. */
export class Cleanups {
  readonly #tasks: (() => unknown)[] = [];

  add(task: () => unknown): void {
    this.#tasks.push(task);
  }

  async run(): Promise<void> {
    for (const task of this.#tasks.splice(0).reverse()) await task();
  }
}

export function temporaryDirectory(cleanups: Cleanups): string {
  const directory = mkdtempSync(join(tmpdir(), 'wherry-capture-'));
  cleanups.add(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Starts a QEMU under software emulation with the boot sector, and connects to its monitor once the guest writes. */
export async function startGuest(
  directory: string,
  args: readonly string[],
  cleanups: Cleanups,
): Promise<{ readonly client: QmpClient; readonly monitor: string }> {
  const disk = join(directory, 'disk.img');
  const serial = join(directory, 'serial.txt');
  const monitor = join(directory, 'qmp.sock');
  const sector = Buffer.alloc(2 * 2 ** 20);
  bootCode.copy(sector);
  sector.writeUInt16LE(0xaa55, 510);
  writeFileSync(disk, sector);
  const qemu = spawn(
    'qemu-system-x86_64',
    [
      ...['-accel', 'tcg', '-m', '64', '-display', 'none', '-nodefaults', '-serial', `file:${serial}`],
      ...['-drive', `file=${disk},format=raw`, '-qmp', `unix:${monitor},server=on,wait=off`, ...args],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  cleanups.add(() => stop(qemu));
  let complaints = '';
  qemu.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  // The socket's file is there a moment before QEMU listens on it.
  let client: QmpClient | undefined;
  await until('the monitor', async () => {
    client = await QmpClient.connect(monitor).catch(() => undefined);
    return client !== undefined || qemu.exitCode !== null;
  });
  if (client === undefined) throw new Error(`QEMU did not start: ${complaints}`);
  cleanups.add(() => client?.close());
  if (!args.includes('-S')) await until('the guest', () => readFileSync(serial, 'utf8').includes('A'));
  return { client, monitor };
}

/** Takes a migration's connections and keeps what comes, parsing and rebuilding the first one as it arrives. */
export class CaptureSink {
  readonly path: string;
  /** Every connection's bytes, in the order in which they were made. */
  readonly streams: Buffer[][] = [];
  readonly rebuilt: Buffer[] = [];
  readonly #open = new Set<Socket>();

  private constructor(path: string) {
    this.path = path;
  }

  static async listen(directory: string, cleanups: Cleanups): Promise<CaptureSink> {
    const server = createServer();
    const sink = new CaptureSink(join(directory, 'stream.sock'));
    server.on('connection', (socket) => sink.#take(socket));
    await new Promise<void>((resolve) => server.listen(sink.path, resolve));
    cleanups.add(() => {
      for (const socket of sink.#open) socket.destroy();
      server.close();
    });
    return sink;
  }

  /** The main stream, whole. */
  async stream(): Promise<Buffer> {
    await until('the end of the stream', () => this.#open.size === 0);
    return Buffer.concat(this.streams[0] ?? []);
  }

  #take(socket: Socket): void {
    const chunks: Buffer[] = [];
    const first = this.streams.push(chunks) === 1;
    const parser = first ? new StreamParser(new StreamSerialiser((run) => this.rebuilt.push(run))) : undefined;
    this.#open.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(Buffer.from(chunk));
      parser?.push(chunk);
      this.#answer(socket, chunks);
    });
    socket.on('close', () => {
      parser?.end();
      this.#open.delete(socket);
    });
  }

  /** Says on the return path, for a source that listens there, that all was well once the stream is complete. */
  #answer(socket: Socket, chunks: readonly Buffer[]): void {
    const tail = Buffer.concat(chunks.slice(-16));
    const json = tail.lastIndexOf('{"page_size"');
    if (json >= 4 && tail.readUInt32BE(json - 4) === tail.length - json) socket.write(shut(0));
  }
}

/** Looks again and again until `condition` holds; fails after 60 s naming `what` was waited for. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain for ${what}`);
    await pause(10);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
