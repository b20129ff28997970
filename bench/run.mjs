#!/usr/bin/env node
// `npm run bench [-- NAME [options]]`: bundles the benches and the command as it ships, and runs them.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { exitWith, must } from '../scripts/process.mjs';

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
    const args = ['--expose-gc', join(folder, 'bench.cjs'), ...process.argv.slice(2)];
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
    // The bench ends what it started; this process waits for it and tidies up. A terminal tells both, others only this one.
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
      process.on(signal, () => child.kill(signal));
    }
    /** @type {number | null} */
    const code = await new Promise((resolve) => child.once('close', resolve));
    return code ?? 128;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

exitWith(bench());
