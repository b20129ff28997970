import { defineConfig } from 'vitest/config';

/** Under CI a stray `.only` fails the run; the tally reporter does the same for skipped tests. */
export default defineConfig({
  test: {
    allowOnly: !process.env['CI'],
    environment: 'node',
    reporters: ['default', './scripts/tally-vitest.mjs'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'scripts/**/*.test.ts',
            'bench/**/*.test.ts',
            'fuzz/**/*.test.ts',
            'soak/**/*.test.ts',
            'faults/**/*.test.ts',
          ],
          testTimeout: 60_000, // a guard against hanging on a busy machine, not a speed that is asked for
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['e2e/**/*.int.test.ts'],
          // Real QEMU guests under software emulation share the machine's few cores: one file at a time.
          fileParallelism: false,
          maxWorkers: 1,
          // What a busy machine makes of real time is told of by name, and fails `npm test` from the third on.
          retry: 1,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
