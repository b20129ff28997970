import { join } from 'node:path';
import { Command } from 'commander';
import { WherryError } from '../src/shared/failure';
import { benches } from './benches';
import type { Bench, BenchOptions } from './kit/bench';
import { writeResult } from './kit/result';
import { tableText } from './kit/table';

const program = new Command('npm run bench --')
  .description('Measures Wherry, side by side with QEMU or a bare library in the same run.')
  .option('--results <folder>', 'where results are written', join('bench', 'results'))
  .action(async () => {
    for (const bench of benches) await program.parseAsync([bench.name], { from: 'user' });
  });

for (const bench of benches) {
  const command = program.command(bench.name).description(bench.summary);
  bench.options?.(command).action(() => undefined);
  command.action(async () => runBench(bench, command.opts<BenchOptions>()));
}

async function runBench(bench: Bench, options: BenchOptions): Promise<void> {
  const { results } = program.opts<{ readonly results: string }>();
  const command = [
    'npm run bench --',
    bench.name,
    ...process.argv.slice(3).filter(() => process.argv[2] === bench.name),
  ];
  const repeat = command.map((part) => (/\s/.test(part) && part !== command[0] ? `'${part}'` : part)).join(' ');
  console.log(`\n━━ ${bench.name}: ${bench.summary} ━━`);
  const context = {
    wherry: join(__dirname, 'wherry.cjs'),
    results,
    command: repeat,
    say: (line: string) => console.log(`  ${line}`),
  };
  const findings = await bench.run(options, context);
  for (const table of findings.tables) console.log(`\n${tableText(table)}`);
  console.log(`\n${writeResult(results, bench.name, repeat, findings).join('  ')}`);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

program.parseAsync().catch((error: unknown) => {
  const usage = error instanceof WherryError && error.code === 'usage';
  console.error(usage ? `error: ${error.message}` : error);
  process.exit(usage ? 2 : 1);
});
