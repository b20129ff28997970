import { expect, test as base } from '@playwright/test';
import { ConsoleApp, type Launch } from '../app';

/** A test with a console of its own, started as `launch` says; it is closed afterwards and has complained of nothing. */
export const test = base.extend<{ readonly launch: Launch; readonly app: ConsoleApp }>({
  launch: [{}, { option: true }],
  app: async ({ launch }, use) => {
    const app = await ConsoleApp.launch(launch);
    await use(app);
    await app.close();
    expect(app.complaints).toEqual([]);
  },
});
