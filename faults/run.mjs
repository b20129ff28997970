#!/usr/bin/env node
// `npm run faults [-- --runs N --seed S]`: migrations that something goes wrong under, and what became of the guests.
import { runBundled } from '../scripts/bundled.mjs';
import { exitWith } from '../scripts/process.mjs';

const programs = {
  faults: 'faults/main.ts',
  wherry: 'src/cli/index.ts',
  compress: 'src/workers/compress.ts',
  decompress: 'src/workers/decompress.ts',
  'builtin-guest': 'src/workers/builtin-guest.ts',
};

exitWith(runBundled('faults', programs, [], process.argv.slice(2)));
