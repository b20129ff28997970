import { Option, type Command } from 'commander';
import { sampleKinds, workloads, type SampleKind, type SamplePair, type Workload } from '../shared/guest';
import { WherryError } from '../shared/failure';
import { parseBytes } from '../shared/units';
import type { SpawnWorker } from '../shared/worker';
import { ownName } from './own-name';
import { guestMemory, guestRate } from './guest-options';
import { argument, parseWhole } from './settings-options';
import { onStopSignal } from './signals';
import { writeLine, type Streams } from './streams';

interface SampleRequest {
  readonly kind: SampleKind;
  readonly memory: number;
  readonly fill?: number;
  readonly rate?: number | 'max';
  readonly workload: Workload;
  readonly json?: boolean;
}

/** What `wherry sample` is given besides. */
interface Surroundings {
  readonly streams: Streams;
  readonly spawn: SpawnWorker;
  /** Called once the sample has to last whether or not anybody reads what is printed. */
  readonly onLasting: () => void;
}

/** `wherry sample`: something to migrate, until Ctrl-C. */
export function registerSample(program: Command, surroundings: Surroundings): void {
  program
    .command('sample')
    .description('run a sample guest and a destination waiting for it, until Ctrl-C')
    .addOption(
      new Option('--kind <kind>', 'two QEMU processes, or two of the built-in guest')
        .choices(sampleKinds)
        .default('qemu'),
    )
    .addOption(size('--memory <size>', 'guest memory').default(parseBytes('256MiB'), '256MiB'))
    .addOption(size('--fill <size>', 'memory filled with varied content, QEMU only; 64 MiB where there is room'))
    .option(
      '--rate <n>',
      'QEMU: sweeps over 16 MiB a second, or max; built-in: steps a second',
      argument(parseRateWord),
    )
    .addOption(new Option('--workload <name>', 'what the built-in guest does').choices(workloads).default('seed'))
    .option('--json', 'the addresses as one JSON object')
    .action((request: SampleRequest) => runSample(request, surroundings));
}

async function runSample(request: SampleRequest, surroundings: Surroundings): Promise<void> {
  const { out } = surroundings.streams;
  surroundings.onLasting();
  let release = (): void => undefined;
  const stopped = new Promise<void>((resolve) => (release = onStopSignal(() => resolve())));
  const pair = await start(request, surroundings);
  try {
    const { source, destination } = pair;
    if (request.json === true)
      writeLine(out, JSON.stringify({ event: 'sample', kind: pair.kind, source, destination }));
    else {
      writeLine(out, `source       ${source}`);
      writeLine(out, `destination  ${destination}`);
      writeLine(out, `migrate it:  ${ownName()} migrate --source ${source} --destination ${destination}`);
      writeLine(out, 'Ctrl-C ends both.');
    }
    await stopped;
  } finally {
    await pair.stop();
    release();
  }
}

async function start(
  { kind, memory, fill, rate, workload }: SampleRequest,
  { spawn }: Surroundings,
): Promise<SamplePair> {
  if (kind === 'qemu') {
    const { startQemuPair } = await import('../guest/qemu-pair');
    const { defaultFill, sampleDefaults } = await import('../guest/qemu-sample');
    const fillBytes = fill ?? defaultFill(memory);
    return startQemuPair({ memoryBytes: memory, fillBytes, rate: rate ?? sampleDefaults.rate });
  }
  if (rate === 'max') throw new WherryError('usage', 'Rate: the built-in guest takes a number, got "max"');
  if (fill !== undefined) throw new WherryError('usage', '--fill: the built-in guest fills its memory by its workload');
  const memoryBytes = guestMemory(memory);
  const steps = rate === undefined ? {} : { rate: guestRate(rate) };
  const { startBuiltinPair } = await import('../guest/builtin-pair');
  return startBuiltinPair({ memoryBytes, workload, spawn, ...steps });
}

function size(flags: string, description: string): Option {
  return new Option(flags, description).argParser(argument(parseBytes));
}

function parseRateWord(text: string): number | 'max' {
  return text === 'max' ? text : parseWhole(text);
}
