import { defineConfig } from '@playwright/test';

/** One console at a time, and no second chance: a test that passes on retry is a test that fails. */
const config = defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  workers: 1,
  retries: 0,
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
