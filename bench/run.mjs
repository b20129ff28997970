#!/usr/bin/env node
// `npm run bench [-- NAME [options]]`: bundles the benches and the command as it ships, and runs them.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { exitWith, must, run } from '../scripts/process.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const programs = {
  bench: 'bench/main.ts',
  wherry: 'src/cli/index.ts',
  compress: 'src/workers/compress.ts',
  decompress: 'src/workers/decompress.ts',
  'builtin-guest': 'src/workers/builtin-guest.ts',
  echo: 'bench/kit/echo.ts',
};

/** A folder of its own for each run: a build or another bench started meanwhile does not change what is measured. */
async function bench() {
  await must(process.execPath, [join(root, 'scripts/build-wasm.mjs')], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  mkdirSync(join(root, 'out'), { recursive: true });
  const folder = mkdtempSync(join(root, 'out', 'bench-'));
  try {
    await build({
      root,
      configFile: false,
      logLevel: 'error',
      ssr: { noExternal: true, external: ['@mongodb-js/zstd', 'pino'] },
      build: {
        ssr: true,
        target: 'node18',
        outDir: folder,
        rolldownOptions: {
          input: Object.fromEntries(Object.entries(programs).map(([name, path]) => [name, join(root, path)])),
          output: { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: 'chunks/[name]-[hash].cjs' },
        },
      },
    });
    // The bench ends what it started when it is interrupted; this process only waits and tidies up.
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => undefined);
    return await run(process.execPath, ['--expose-gc', join(folder, 'bench.cjs'), ...process.argv.slice(2)], {
      cwd: root,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

exitWith(bench());
