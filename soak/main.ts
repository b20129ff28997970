import { fork, type ChildProcess } from 'node:child_process';
import Table from 'cli-table3';
import { Command, InvalidArgumentError, Option } from 'commander';
import { QmpClient } from '../src/engine/qmp/client';
import { queryStatus } from '../src/engine/qmp/migrate';
import { defaultSettings } from '../src/shared/settings';
import { formatBytes } from '../src/shared/units';
import { courseOf, figures, type Course, type Figure } from './flat';
import { startBuiltin, startQemuMachine, type Machine, type StartMachine } from './guests';
import { runHost, type HostReply, type HostRequest } from './host';

const guests = { builtin: startBuiltin, qemu: startQemuMachine } as const satisfies Record<string, StartMachine>;
/** Fewer say nothing of a course. */
const leastRuns = 8;

interface Options {
  readonly runs: number;
  readonly guest: keyof typeof guests;
  /** MiB. */
  readonly memory: number;
  readonly seconds?: number;
}

/** A machine's engine in a process of its own, asked one thing at a time. */
class Host {
  readonly samples = Object.fromEntries(figures.map((figure) => [figure, [] as number[]])) as Record<Figure, number[]>;
  readonly #process: ChildProcess;

  constructor(readonly name: string) {
    this.#process = fork(__filename, ['host'], { execArgv: ['--expose-gc'] });
  }

  ask(request: HostRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new Error(`host ${this.name} ended`));
      this.#process.once('exit', gone);
      this.#process.once('message', (reply: HostReply) => {
        this.#process.off('exit', gone);
        if ('failed' in reply) reject(new Error(`host ${this.name}, ${request.do}: ${reply.failed}`));
        else resolve(reply.done);
      });
      this.#process.send(request);
    });
  }

  async measure(): Promise<void> {
    const measured = (await this.ask({ do: 'measure' })) as Record<Figure, number>;
    for (const figure of figures) this.samples[figure].push(measured[figure]);
  }

  end(): void {
    this.#process.kill();
  }
}

const settings = { ...defaultSettings, compressThreads: 2, downtimeLimitMs: 500 };

/** There, and the next time back. Returns the guest's machine from then on, the one it left having ended. */
async function move(from: Host, to: Host, guest: Machine, start: StartMachine, memoryBytes: number): Promise<Machine> {
  const next = await start('destination', memoryBytes);
  const url = String(await to.ask({ do: 'receive', destination: next.address }));
  await from.ask({ do: 'send', source: guest.address, to: url, settings });
  await to.ask({ do: 'stop receiving' });
  const monitor = await QmpClient.connect(next.address);
  const { status } = await queryStatus(monitor);
  monitor.close();
  if (status !== 'running') throw new Error(`the guest is ${status} where it has arrived`);
  await guest.end();
  return next;
}

async function soak({ runs, guest: kind, memory, seconds = Infinity }: Options): Promise<number> {
  const start: StartMachine = guests[kind];
  const hosts = [new Host('A'), new Host('B')] as const;
  let guest = await start('source', memory * 2 ** 20);
  const began = performance.now();
  const left = (): boolean => performance.now() - began < seconds * 1000;
  try {
    let done = 0;
    for (; done < runs && (left() || done < leastRuns); done++) {
      const [from, to] = done % 2 === 0 ? hosts : [hosts[1], hosts[0]];
      guest = await move(from, to, guest, start, memory * 2 ** 20);
      for (const host of hosts) await host.measure();
      if (done % 20 === 19)
        console.error(`${done + 1} of ${runs}, ${Math.round((performance.now() - began) / 1000)} s`);
    }
    const courses = hosts.flatMap(({ name, samples }) =>
      figures.map((figure) => [name, courseOf(figure, samples[figure])] as const),
    );
    print(courses);
    const flat = courses.every(([, { isFlat }]) => isFlat);
    console.log(`${done} migrations of the ${kind} guest: ${flat ? 'all flat' : 'not flat'}`);
    return flat ? 0 : 1;
  } finally {
    await guest.end();
    for (const host of hosts) host.end();
  }
}

function print(courses: readonly (readonly [host: string, course: Course])[]): void {
  const head = ['host', 'figure', 'after the first', 'median of 2nd half', 'grew in 2nd half', 'allowed', ''];
  const table = new Table({ head, style: { head: [], border: [], compact: true } });
  for (const [host, { figure, first, median, growth, allowed, isFlat }] of courses) {
    const isMemory = figure === 'rss' || figure === 'pss';
    const shown = (value: number): string =>
      isMemory ? `${value < 0 ? '-' : ''}${formatBytes(Math.abs(value))}` : value.toFixed(1);
    table.push([host, figure, shown(first), shown(median), shown(growth), shown(allowed), isFlat ? 'flat' : 'GROWS']);
  }
  console.log(table.toString());
}

function whole(least: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (number >= least) return number;
    throw new InvalidArgumentError(`expected a whole number from ${least}`);
  };
}

if (process.argv[2] === 'host') runHost();
else {
  new Command('npm run soak --')
    .description('Moves a guest there and back, and watches what the two processes that do it need.')
    .option('--runs <n>', 'how many moves', whole(leastRuns), 200)
    .addOption(new Option('--guest <kind>', 'what is moved').choices(Object.keys(guests)).default('builtin'))
    .option('--memory <MiB>', "the guest's memory", whole(1), 64)
    .option('--seconds <n>', 'no further move is begun after so long', whole(1))
    .action(async (options: Options) => void (process.exitCode = await soak(options)))
    .parseAsync()
    .catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
}
