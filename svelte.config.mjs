import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

/** Read by vite, svelte-check and eslint-plugin-svelte alike. */
export default {
  preprocess: vitePreprocess(),
  compilerOptions: { runes: true },
};
