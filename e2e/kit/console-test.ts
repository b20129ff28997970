import { expect, test as base } from '@playwright/test';
import { ConsoleApp, type Launch } from '../app';

interface Consoles {
  /** How consoles are started where nothing else is said. */
  readonly launch: Launch;
  /** Starts one; all are closed after the test, and have complained of nothing. */
  readonly start: (launch?: Launch) => Promise<ConsoleApp>;
  /** One that is there from the beginning. */
  readonly app: ConsoleApp;
}

/** A test with a console of its own, or several. */
export const test = base.extend<Consoles>({
  launch: [{}, { option: true }],
  start: async ({ launch }, use) => {
    const apps: ConsoleApp[] = [];
    await use(async (other) => {
      const app = await ConsoleApp.launch(other ?? launch);
      apps.push(app);
      return app;
    });
    for (const app of apps) await app.close();
    expect(apps.flatMap(({ complaints }) => complaints)).toEqual([]);
  },
  app: async ({ start }, use) => {
    await use(await start());
  },
});
