#!/usr/bin/env node
// `npm run soak -- --runs N`: bundles the soak test with the workers, and runs it.
import { runBundled } from '../scripts/bundled.mjs';
import { exitWith } from '../scripts/process.mjs';

const programs = {
  soak: 'soak/main.ts',
  compress: 'src/workers/compress.ts',
  decompress: 'src/workers/decompress.ts',
  'builtin-guest': 'src/workers/builtin-guest.ts',
};

exitWith(runBundled('soak', programs, [], process.argv.slice(2)));
