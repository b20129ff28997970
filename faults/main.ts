import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { tableText } from '../bench/kit/table';
import { defaultSettings, type MigrationSettings } from '../src/shared/settings';
import { closeScreen } from './console';
import { judge, silent, type Facts } from './judge';
import { faults, faultStates, planRuns, type Plan } from './plan';
import { tryOut } from './trial';

const wherry = join(__dirname, 'wherry.cjs');

/** Slow enough that every state can be met, quick enough that a run takes seconds. */
const settings: MigrationSettings = {
  ...defaultSettings,
  maxBandwidth: 6_000_000,
  compressThreads: 2,
  ...shortWindows(),
};

/** A link that stays away is an end soon. */
function shortWindows(): Partial<MigrationSettings> {
  const windows = { resumeWindowMs: 8000, switchoverResumeWindowMs: 4000 };
  return Object.fromEntries(Object.entries(windows).filter(([name]) => name in defaultSettings));
}

interface Options {
  readonly runs: number;
  readonly seed: number;
  readonly only?: number;
}

const program = new Command('npm run faults --')
  .description('Migrations that something goes wrong under, and what became of the guests.')
  .option('--runs <n>', 'how many', whole, 25)
  .option('--seed <n>', 'what they derive from: the same seed, the same runs', whole, 1)
  .option('--only <n>', 'only the run of that number', whole)
  .action(async (options: Options) => {
    process.exitCode = await campaign(options);
  });

async function campaign({ runs, seed, only }: Options): Promise<number> {
  const startedAt = performance.now();
  const results: { readonly facts: Facts; readonly wrong: readonly string[] }[] = [];
  for (const plan of planRuns(seed, runs).filter(({ number }) => only === undefined || number === only)) {
    const facts = await tryOut(plan, wherry, settings);
    const wrong = judge(facts);
    results.push({ facts, wrong });
    console.log(lineOf(facts, wrong));
    if (wrong.length > 0 && facts.stderr !== '') console.log(facts.stderr.trim().replace(/^/gm, '      | '));
  }
  closeScreen();
  console.log(`\n${tableText(outcomes(results.map(({ facts }) => facts)))}`);
  const bad = results.filter(({ wrong }) => wrong.length > 0);
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  console.log(`${results.length} runs from seed ${seed} in ${minutes} min, ${bad.length} that broke a promise`);
  return bad.length > 0 ? 1 : 0;
}

function lineOf(facts: Facts, wrong: readonly string[]): string {
  const { plan, hit, source, destination, differing, byHand } = facts;
  const { number, guest, fault, channels } = plan;
  const compared = differing === undefined ? '' : `, ${differing.length} pages differ`;
  const outcome = `${outcomeOf(facts)}${byHand ? ' by hand' : ''} (${source}, ${destination}${compared})`;
  const judged = wrong.length > 0 ? `\n   ✗ ${wrong.join('\n   ✗ ')}` : '';
  return `${wrong.length > 0 ? '✗' : '✓'} ${number}: ${guest}, ${fault} in ${hit ?? 'none: too early or too late'}, channels ${channels}: ${outcome}${judged}`;
}

function outcomeOf({ result, plan }: Facts): string {
  return result?.status ?? (silent.has(plan.fault) ? 'nothing said' : 'no result');
}

/** How often each fault, in the state in which it struck, ended how. */
function outcomes(all: readonly Facts[]): Parameters<typeof tableText>[0] {
  const cell = (fault: Plan['fault'], isState: (hit: Facts['hit']) => boolean): string => {
    const ends = all.filter(({ plan, hit }) => plan.fault === fault && isState(hit)).map(outcomeOf);
    return [...new Set(ends)].map((end) => `${ends.filter((other) => other === end).length} ${end}`).join(', ');
  };
  const rows = faults.map((fault) => [
    fault,
    ...faultStates.map((state) => cell(fault, (hit) => hit === state)),
    cell(fault, (hit) => !(faultStates as readonly unknown[]).includes(hit)),
  ]);
  return {
    title: 'Outcomes by fault, and by the state it struck in',
    head: ['', ...faultStates, 'did not strike'],
    rows,
  };
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
}

void program.parseAsync();
