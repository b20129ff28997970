import { Worker } from 'node:worker_threads';
import type { FuzzTarget } from './target';

/** Looks at the case under way from a thread of its own: one that hangs never gives its own thread back. */
const program = `
const { workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const { shared, names, seed, hangMs } = workerData;
const state = new Int32Array(shared);
let [before, since] = [-1, Date.now()];
setInterval(() => {
  const turn = Atomics.load(state, 0);
  if (turn !== before) [before, since] = [turn, Date.now()];
  if (turn === 0 || Date.now() - since < hangMs) return;
  const [name, number] = [names[Atomics.load(state, 1)], Atomics.load(state, 2)];
  writeSync(2, 'hangs\\n  again: npm run fuzz -- --seed ' + seed + ' --target ' + name + ' --case ' + number + '\\n');
  process.kill(process.pid, 'SIGKILL');
}, 500).unref();
setInterval(() => undefined, 2 ** 30);
`;

/** Ends the process, with the way to see it again, where one case takes longer than `hangMs`. Returns what tells it. */
export function watch(
  targets: readonly FuzzTarget[],
  seed: number,
  hangMs: number,
): { readonly onCase: (target: FuzzTarget, number: number) => void; readonly end: () => Promise<unknown> } {
  const shared = new SharedArrayBuffer(12);
  const state = new Int32Array(shared);
  const names = targets.map(({ name }) => name);
  const worker = new Worker(program, { eval: true, workerData: { shared, names, seed, hangMs } });
  return {
    onCase: (target, number) => {
      state[1] = targets.indexOf(target);
      state[2] = number;
      Atomics.add(state, 0, 1);
    },
    end: () => worker.terminate(),
  };
}
