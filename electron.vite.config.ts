import { resolve } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'electron-vite';
import { unbundled } from './scripts/bundling.mjs';

/**
 * The programs we ship. All are CommonJS for Node 18: besides current Electron they run inside the offline runtime
 * (Electron 25: Node 18.15, Chrome 114), which takes neither an ES-module main nor newer syntax.
 */
const programs = {
  index: 'src/main/index.ts',
  wherry: 'src/cli/index.ts',
  compress: 'src/workers/compress.ts',
  decompress: 'src/workers/decompress.ts',
  'builtin-guest': 'src/workers/builtin-guest.ts',
};

const output = { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: 'chunks/[name]-[hash].cjs' } as const;

export default defineConfig({
  main: {
    build: {
      target: 'node18',
      externalizeDeps: false,
      rolldownOptions: { input: programs, external: unbundled, output },
    },
  },
  preload: {
    build: {
      target: 'node18',
      externalizeDeps: false, // a sandboxed preload can require nothing but electron: it must be one file
      rolldownOptions: { input: { index: 'src/preload/index.ts' }, output },
    },
  },
  renderer: {
    root: 'src/renderer',
    plugins: [svelte({ configFile: resolve('svelte.config.mjs') })],
    build: {
      target: 'chrome114',
      rolldownOptions: { input: resolve('src/renderer/index.html'), checks: { bundlerTimings: false } },
    },
  },
});
