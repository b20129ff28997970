import { setTimeout as pause } from 'node:timers/promises';

/** Looks again and again until `find` finds something; fails after `ms` naming `what` was waited for. */
export async function until<T>(
  find: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
  ms = 60_000,
): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    const found = await find();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`Waited ${ms} ms in vain for ${what}`);
    await pause(10);
  }
}
