import { toFailure } from '../shared/failure';

/**
 * Does `steps` one after the other and then `quit`: once, however often it is asked for. A step that fails is told to
 * `complain` and keeps none of the others from being done: a program that was told to end has to.
 */
export function endOnce(
  steps: readonly (() => void | Promise<void>)[],
  quit: () => void,
  complain: (text: string) => void,
): () => Promise<void> {
  let ending: Promise<void> | undefined;

  async function end(): Promise<void> {
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        complain(`ending: ${toFailure(error).message}`);
      }
    }
    quit();
  }

  return () => (ending ??= end());
}
