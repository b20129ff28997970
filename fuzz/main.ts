import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { FuzzFailure, campaign, hangMs, runCase, type Tally } from './campaign';
import { targets } from './targets';
import { watch } from './watchdog';

const usage = `npm run fuzz -- [--cases N] [--seconds N] [--seed S] [--target NAME [--case N]]
targets: ${targets.map(({ name }) => name).join(', ')}`;

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '100000' },
    seconds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string' },
    case: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** A whole number of 0 or more, or the end with how to say it. */
function whole(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  console.error(`expected a whole number, got ${JSON.stringify(text)}\n${usage}`);
  process.exit(2);
}

async function main(): Promise<number> {
  const seed = whole(values.seed);
  const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target);
  if (values.help || chosen.length === 0) {
    console.error(usage);
    return 2;
  }
  const watchdog = watch(chosen, seed, hangMs);
  const start = performance.now();
  try {
    if (values.case !== undefined) {
      const tally: Tally = { cases: 0, taken: 0, refused: 0, slowestMs: 0 };
      for (const target of chosen) await runCase(target, seed, whole(values.case), tally);
      print(new Map([[chosen.map(({ name }) => name).join(', '), tally]]));
      return 0;
    }
    const ms = values.seconds === undefined ? {} : { ms: 1000 * whole(values.seconds) };
    const tallies = await campaign({
      seed,
      targets: chosen,
      cases: whole(values.cases),
      ...ms,
      onCase: watchdog.onCase,
    });
    print(tallies);
    console.log(`seed ${seed}, ${((performance.now() - start) / 1000).toFixed(1)} s, nothing found`);
    return 0;
  } catch (error) {
    if (!(error instanceof FuzzFailure)) throw error;
    console.error(
      `${error.target}: ${error.message}\n${error.cause instanceof Error ? (error.cause.stack ?? '') : ''}`,
    );
    return 1;
  } finally {
    await watchdog.end();
  }
}

function print(tallies: ReadonlyMap<string, Tally>): void {
  const table = new Table({
    head: ['target', 'cases', 'taken', 'refused', 'slowest ms'],
    style: { head: [], border: [], compact: true },
  });
  const all = [...tallies].map(([name, { cases, taken, refused, slowestMs }]) => [
    name,
    cases,
    taken,
    refused,
    slowestMs,
  ]);
  for (const row of all) table.push(row.map((cell) => (typeof cell === 'number' ? Math.round(cell) : cell)));
  const sum = (column: number): number => all.reduce((total, row) => total + Number(row[column]), 0);
  table.push(['all', sum(1), sum(2), sum(3), '']);
  console.log(table.toString());
}

void main().then((code) => (process.exitCode = code));
