import { defineConfig } from '@playwright/test';

/** One console at a time, and no second chance: a test that passes on retry is a test that fails. */
const config = defineConfig({
  testDir: 'e2e',
  testMatch: '**/*.e2e.ts',
  outputDir: 'test-results',
  workers: 1,
  retries: 0,
  fullyParallel: false,
  forbidOnly: Boolean(process.env['CI']),
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [['list'], ['./scripts/tally-playwright.mjs']],
  use: { trace: 'retain-on-failure' },
});
export default config;
