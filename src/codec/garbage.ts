import { setFlagsFromString } from 'node:v8';

/** Growth over what is alive, in percent, before V8 looks for garbage again. */
const growthPercent = 500;
let told = false;

/**
 * Makes this process look for garbage less often. V8 counts the memory of buffers that passed through as growth of a
 * heap that is small itself, and marked it some six times for every 60 MB of stream: a third of the engine's time.
 * What it costs is garbage of at most five times the live heap. Harmless to call again; V8 reads the flag at every cycle.
 */
export function collectGarbageRarely(): void {
  if (told) return;
  told = true;
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
}
