/** Programs of the development that are not part of the build: bundled into a folder of their own, and run from there. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { unbundled } from './bundling.mjs';
import { must } from './process.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Bundles the programs and runs the first of them. A folder of its own for each run: a build or another run started
 * meanwhile changes nothing. Chunks lie beside the programs, so that what looks for others beside its own file finds them.
 * @param {string} name what it is called
 * @param {Readonly<Record<string, string>>} programs each by the name it is found under beside the first
 * @param {readonly string[]} nodeArgs for Node itself
 * @param {readonly string[]} args for the program
 * @returns {Promise<number>} exit status
 */
export async function runBundled(name, programs, nodeArgs, args) {
  await must(process.execPath, [join(root, 'scripts/build-wasm.mjs')], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  mkdirSync(join(root, 'out'), { recursive: true });
  const folder = mkdtempSync(join(root, 'out', `${name}-`));
  try {
    await build({
      root,
      configFile: false,
      logLevel: 'error',
      ssr: { noExternal: true, external: [...unbundled, '@playwright/test'] },
      build: {
        ssr: true,
        target: 'node18',
        outDir: folder,
        rolldownOptions: {
          input: Object.fromEntries(Object.entries(programs).map(([entry, path]) => [entry, join(root, path)])),
          output: { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: '[name]-[hash].cjs' },
        },
      },
    });
    const [first = name] = Object.keys(programs);
    const child = spawn(process.execPath, [...nodeArgs, join(folder, `${first}.cjs`), ...args], {
      cwd: root,
      stdio: 'inherit',
    });
    // The program ends what it started; this process waits for it and tidies up. A terminal tells both, others only this one.
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
