import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { Ring } from '../src/codec/ring';
import { parseBytes } from '../src/shared/units';
import { type Bench, count, word } from './kit/bench';
import { withDirectory } from './kit/guests';
import { digits } from './kit/table';
import { sideBySide } from './kit/timing';

const inFlight = 2;

/** One way for bytes to another process: sends a block, and is told for each that it was taken. */
interface Way {
  readonly name: 'ring' | 'socket' | 'port';
  send(block: Buffer, number: number): void;
  readonly child: ChildProcess;
  /** Its first word, awaited from the start: it may come at any moment. */
  readonly ready: Promise<unknown>;
  close(): void;
}

/** How page bytes may get to a worker process: the slot ring, a unix socket, or the port that Node gives a child. */
export const boundary: Bench = {
  name: 'boundary',
  summary: 'bytes to a worker process: the slot ring against a unix socket and the port',
  options: (command) =>
    command
      .option('--block <size>', 'bytes at once', '512KiB')
      .option('--passes <n>', 'passes of each, the fastest counts', '8'),
  run: (options, { wherry }) =>
    withDirectory(async (directory) => {
      const bytes = parseBytes(word(options, 'block'));
      const echo = join(dirname(wherry), 'echo.cjs');
      const ways = [
        openRing(echo, bytes),
        await openSocket(echo, bytes, join(directory, 'socket')),
        openPort(echo, bytes),
      ];
      const block = Buffer.alloc(bytes, 'memory of a guest');
      try {
        await Promise.all(ways.map((way) => way.ready));
        const blocks = 64;
        const works = ways.map((way) => ({
          name: way.name,
          bytes: blocks * bytes,
          run: () => sendAll(way, block, blocks),
        }));
        const speeds = await sideBySide(works, count(options, 'passes'), 200);
        const speed = (name: Way['name']): number => speeds.get(name) ?? NaN;
        const rows = ways.map(({ name }) => ({
          way: name,
          gigabytesPerSecond: speed(name),
          toPort: speed(name) / speed('port'),
        }));
        return {
          parameters: { blockBytes: bytes, inFlight },
          figures: {
            ...Object.fromEntries(rows.map((row) => [`gigabytesPerSecond.${row.way}`, row.gigabytesPerSecond])),
            ringToPort: speed('ring') / speed('port'),
            ringToSocket: speed('ring') / speed('socket'),
          },
          rows,
          tables: [
            {
              title: `To another process and taken there, blocks of ${bytes / 1024} KiB, ${inFlight} under way`,
              head: ['', 'GB/s', '÷ port'],
              rows: rows.map((row) => [row.way, digits(row.gigabytesPerSecond), digits(row.toPort)]),
            },
          ],
          charts: [],
        };
      } finally {
        for (const way of ways) way.close();
      }
    }),
};

async function sendAll(way: Way, block: Buffer, blocks: number): Promise<void> {
  await new Promise<void>((done) => {
    let [sent, taken] = [0, 0];
    const next = (): void => way.send(block, sent++);
    const onTaken = (): void => {
      taken++;
      if (sent < blocks) next();
      if (taken < blocks) return;
      way.child.off('message', onTaken);
      done();
    };
    way.child.on('message', onTaken);
    while (sent < inFlight) next();
  });
}

function openRing(echo: string, bytes: number): Way {
  const ring = Ring.create({ slots: inFlight, inBytes: bytes, outBytes: 1 });
  const child = fork(echo, ['ring', String(bytes), ring.path]);
  const ready = once(child, 'message');
  return {
    name: 'ring',
    child,
    ready,
    send: (block, number) => {
      ring.writeIn(number % inFlight, 0, block);
      child.send(number % inFlight);
    },
    close: () => {
      child.kill();
      ring.unlink();
      ring.close();
    },
  };
}

async function openSocket(echo: string, bytes: number, path: string): Promise<Way> {
  const server = createServer().listen(path);
  await once(server, 'listening');
  const connected = once(server, 'connection') as Promise<[Socket]>;
  const child = fork(echo, ['socket', String(bytes), path]);
  const ready = once(child, 'message');
  const [socket] = await connected;
  socket.on('error', () => undefined); // it was ended
  return {
    name: 'socket',
    child,
    ready,
    send: (block) => void socket.write(block),
    close: () => {
      child.kill();
      socket.destroy();
      server.close();
    },
  };
}

function openPort(echo: string, bytes: number): Way {
  const child = fork(echo, ['port', String(bytes)], { serialization: 'advanced' });
  const ready = once(child, 'message');
  return { name: 'port', child, ready, send: (block) => void child.send(block), close: () => void child.kill() };
}
