import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'vite';
import type { SpawnWorker, WorkerKind } from '../../src/shared/worker';

/** Worker programs as they ship, bundled into a folder of their own, and what starts them from there. */
export interface BundledWorkers {
  readonly spawn: SpawnWorker;
  /** Holds `spawn.cjs`, which exports `spawnChild`, and the programs. */
  readonly folder: string;
  remove(): void;
}

/** Bundles the named workers; a test then does not depend on an earlier build being there and up to date. */
export async function bundleWorkers(kinds: readonly WorkerKind[]): Promise<BundledWorkers> {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-workers-'));
  const entries = [...kinds.map((kind) => [kind, `src/workers/${kind}.ts`]), ['spawn', 'src/cli/spawn-child.ts']];
  await build({
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true, external: ['@mongodb-js/zstd'] },
    build: {
      ssr: true,
      target: 'node18',
      outDir: folder,
      rolldownOptions: {
        input: Object.fromEntries(entries.map(([name = '', path = '']) => [name, resolve(path)])),
        output: { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: '[name]-[hash].cjs' },
      },
    },
  });
  const { spawnChild } = createRequire(__filename)(join(folder, 'spawn.cjs')) as { readonly spawnChild: SpawnWorker };
  return { spawn: spawnChild, folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
