#!/usr/bin/env node
// `npm run bench [-- NAME [options]]`: bundles the benches and the command as it ships, and runs them.
import { runBundled } from '../scripts/bundled.mjs';
import { exitWith } from '../scripts/process.mjs';

const programs = {
  bench: 'bench/main.ts',
  wherry: 'src/cli/index.ts',
  compress: 'src/workers/compress.ts',
  decompress: 'src/workers/decompress.ts',
  'builtin-guest': 'src/workers/builtin-guest.ts',
  echo: 'bench/kit/echo.ts',
};

exitWith(runBundled('bench', programs, ['--expose-gc'], process.argv.slice(2)));
