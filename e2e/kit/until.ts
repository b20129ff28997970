import { setTimeout as pause } from 'node:timers/promises';

/**
 * Looks again and again until `find` finds something; fails after `ms` naming `what` was waited for. What came while
 * the machine stood still is read before the last look.
 */
export async function until<T>(
  find: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
  ms = 60_000,
): Promise<T> {
  const deadline = performance.now() + ms;
  for (let last = false; ;) {
    const found = await find();
    if (found !== undefined && found !== false) return found;
    if (last) throw new Error(`Waited ${ms} ms in vain for ${what}`);
    last = performance.now() > deadline;
    await pause(10);
  }
}
