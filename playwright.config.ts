import { defineConfig } from '@playwright/test';

/** One console at a time. A second try is told of by name, and more than two of them fail `npm test`. */
const config = defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  workers: 1,
  retries: 1,
  fullyParallel: false,
  forbidOnly: Boolean(process.env['CI']),
  // For a machine that is several times slower than any of ours, and stops for a second now and then.
  timeout: 300_000,
  expect: { timeout: 30_000 },
  reporter: [['list'], ['./scripts/tally-playwright.mjs']],
  use: { trace: 'retain-on-failure' },
  projects: [
    { name: 'window', testMatch: '**/*.e2e.ts' },
    // Takes the pictures of the documentation; checks nothing.
    { name: 'tour', testMatch: '**/*.tour.ts' },
  ],
});
export default config;
