import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** The first runs of the campaign; the whole of it is `npm run faults -- --runs 200`. */
it('keeps every promise in twenty-five runs that something goes wrong under', async () => {
  const words = ['faults/run.mjs', '--runs', '25', '--seed', '1'];
  const ended = await promisify(execFile)(process.execPath, words).catch(
    (error: unknown) => error as { stdout: string },
  );
  expect(ended.stdout).toMatch(/^25 runs from seed 1 in .*, 0 that broke a promise$/m);
}, 1_200_000);
