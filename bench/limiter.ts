import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { parseBytes, parseRate } from '../src/shared/units';
import { type Bench, word } from './kit/bench';
import { type SavedGuest, sampleGuest, startSaved, startWaiting, withDirectory } from './kit/guests';
import { runCommand } from './kit/moves';
import { digits } from './kit/table';

const mebibyte = 2 ** 20;
/** How long a run shall last: what is sent is the rate times this. */
const runSeconds = 8;
const grainMs = 10;

/** Bytes by the time they came by, in steps of `grainMs`. */
export type Flow = readonly number[];

/** What crosses the wire, seen from outside: a link between `wherry migrate` and `wherry receive` that only counts. */
export const limiter: Bench = {
  name: 'limiter',
  summary: 'bytes on the wire in any second and in all, beside the limit',
  options: (command) =>
    command
      .option('--links <rates>', 'limits', '20Mbit,100Mbit,1Gbit')
      .option('--most <size>', 'memory filled at most', '768MiB'),
  async run(options, { wherry, say }) {
    const rows = [];
    for (const link of word(options, 'links').split(',')) {
      const rate = parseRate(link);
      const wanted = Math.ceil((rate * runSeconds) / mebibyte) * mebibyte;
      const fill = Math.max(16 * mebibyte, Math.min(parseBytes(word(options, 'most')), wanted));
      const memory = Math.max(64 * mebibyte, fill + 64 * mebibyte);
      const flow = await flowOf(await sampleGuest(memory, fill, say), rate, wherry);
      const row = { link, ...judge(flow, rate) };
      say(`${link}: seconds ${digits(row.least)} to ${digits(row.most)} of the limit, in all ${digits(row.whole)}`);
      rows.push({ ...row, flow });
    }
    return {
      parameters: options,
      figures: {
        ...Object.fromEntries(
          rows.flatMap(({ link, most, least, whole }) => [
            [`mostInASecond.${link}`, most],
            [`leastInASecond.${link}`, least],
            [`whole.${link}`, whole],
          ]),
        ),
        mostInASecond: Math.max(...rows.map(({ most }) => most)),
        leastInASecond: Math.min(...rows.map(({ least }) => least)),
        wholeMost: Math.max(...rows.map(({ whole }) => whole)),
        wholeLeast: Math.min(...rows.map(({ whole }) => whole)),
      },
      rows: rows.map(({ flow: _, ...row }) => row),
      tables: [
        {
          title: 'On the wire ÷ the limit, while there is enough to send',
          head: ['limit', 'most in any second', 'least', 'in all'],
          rows: rows.map(({ link, most, least, whole }) => [link, most.toFixed(3), least.toFixed(3), whole.toFixed(3)]),
        },
      ],
      charts: [
        {
          kind: 'lines',
          title: 'On the wire ÷ the limit, each second up to the time',
          unit: 'ratio',
          xLabel: 's',
          lines: rows.map(({ link, flow }) => ({
            name: link,
            points: seconds(flow).map(
              (bytes, i) => [((i + windowSteps) * grainMs) / 1000, bytes / parseRate(link)] as const,
            ),
          })),
        },
      ],
    };
  },
};

const windowSteps = 1000 / grainMs;

/** Bytes in each whole second that fits into the flow, one for each of its steps. */
function seconds(flow: Flow): readonly number[] {
  const found: number[] = [];
  let sum = 0;
  flow.forEach((bytes, i) => {
    sum += bytes - (flow[i - windowSteps] ?? 0);
    if (i + 1 >= windowSteps) found.push(sum);
  });
  return found;
}

/**
 * Any second and the whole, beside the limit. The whole is from the first byte to the last full step; the least second
 * leaves out the last second and a half, in which the guest changes sides and there is little left to send.
 */
export function judge(
  flow: Flow,
  rate: number,
): { readonly most: number; readonly least: number; readonly whole: number } {
  const all = seconds(flow).map((bytes) => bytes / rate);
  const busy = flow.slice(0, Math.max(windowSteps, flow.length - 1.5 * windowSteps));
  const total = busy.reduce((sum, bytes) => sum + bytes, 0);
  return {
    most: Math.max(...all),
    least: Math.min(...seconds(busy).map((bytes) => bytes / rate)),
    whole: total / ((busy.length * grainMs) / 1000) / rate,
  };
}

function flowOf(guest: SavedGuest, rate: number, wherry: string): Promise<Flow> {
  return withDirectory(async (directory) => {
    const source = await startSaved(guest, directory, 'source');
    const destination = await startWaiting(guest, directory, 'destination', true);
    const words = ['receive', '--listen', '127.0.0.1:0', '--destination', destination.qmp, '--once', '--json'];
    const receiver = spawn(process.execPath, [wherry, ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const url = await listeningUrl(receiver.stdout);
      const counter = await startCounter(Number(url.port));
      url.port = String(counter.port);
      const limit = ['--method', 'none', '--xbzrle-cache', '0', '--max-bandwidth', `${rate}B/s`];
      const args = [
        wherry,
        'migrate',
        '--source',
        source.qmp,
        '--destination',
        url.href,
        '--no-link-test',
        '--json',
        ...limit,
      ];
      const { stdout, stderr } = await runCommand(args, { WHERRY_DATA_DIR: directory }, 120_000);
      counter.close();
      if (!stdout.includes('"status":"completed"')) throw new Error(`Expected the run to complete: ${stderr}`);
      return counter.flow();
    } finally {
      receiver.kill('SIGKILL');
      await Promise.all([source.end(), destination.end()]);
    }
  });
}

/** What `wherry receive --json` prints first. */
async function listeningUrl(out: NodeJS.ReadableStream): Promise<URL> {
  let text = '';
  for await (const chunk of out) {
    text += String(chunk);
    const url = /"url":"([^"]+)"/.exec(text)?.[1];
    if (url !== undefined) {
      out.resume();
      return new URL(url);
    }
  }
  throw new Error('Expected the receiver to listen, but it ended');
}

/** Passes bytes on to `port` both ways; those towards it are counted as they come. */
async function startCounter(port: number) {
  const seen: { readonly at: number; readonly bytes: number }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.setNoDelay(true);
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
    near.on('data', (chunk: Buffer) => seen.push({ at: performance.now(), bytes: chunk.length }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    flow: () => stepsOf(seen),
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** From the first large piece on (before it there is only talk) to the last one. */
function stepsOf(seen: readonly { readonly at: number; readonly bytes: number }[]): Flow {
  const first = seen.find(({ bytes }) => bytes >= 4096)?.at ?? 0;
  const last = seen.filter(({ bytes }) => bytes >= 4096).at(-1)?.at ?? 0;
  const steps = Array.from({ length: Math.ceil((last - first) / grainMs) + 1 }, () => 0);
  for (const { at, bytes } of seen) {
    const step = Math.floor((at - first) / grainMs);
    if (step >= 0 && step < steps.length) steps[step] = (steps[step] as number) + bytes;
  }
  return steps;
}
