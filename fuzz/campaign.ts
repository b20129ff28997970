import { performance } from 'node:perf_hooks';
import { Random } from './random';
import type { FuzzTarget } from './target';

/** A case that takes longer than this hangs, ms: the slowest honest one takes a thousandth of it. */
export const hangMs = 10_000;
/** A case after which the process holds this much more has taken what a peer asked for, bytes. */
const mostGrowth = 256 * 2 ** 20;

/** What is to be tried, and how long. */
export interface CampaignOptions {
  readonly seed: number;
  readonly targets: readonly FuzzTarget[];
  /** Ends after so many cases… */
  readonly cases?: number;
  /** …or so many ms, whichever is first. */
  readonly ms?: number;
  /** Told of each case before it begins. */
  readonly onCase?: (target: FuzzTarget, number: number) => void;
}

/** What became of a target's cases. */
export interface Tally {
  cases: number;
  taken: number;
  refused: number;
  slowestMs: number;
}

/** A case that did what must not be, and how to see it again. */
export class FuzzFailure extends Error {
  constructor(
    readonly target: string,
    readonly seed: number,
    readonly number: number,
    input: unknown,
    cause: unknown,
  ) {
    const again = `npm run fuzz -- --seed ${seed} --target ${target} --case ${number}`;
    super(`${String(cause)}\n  again: ${again}\n  input: ${shown(input)}`, { cause });
    this.name = 'FuzzFailure';
  }
}

/** Tries the targets in turn; throws `FuzzFailure` at the first case that fails. */
export async function campaign(options: CampaignOptions): Promise<ReadonlyMap<string, Tally>> {
  const { seed, targets, cases = Infinity, ms = Infinity, onCase } = options;
  const tallies = new Map(targets.map(({ name }) => [name, { cases: 0, taken: 0, refused: 0, slowestMs: 0 }]));
  const turn = targets.flatMap((target) => Array.from({ length: target.weight }, () => target));
  const until = performance.now() + ms;
  for (let done = 0; done < cases && performance.now() < until; done++) {
    const target = turn[done % turn.length] as FuzzTarget;
    const tally = tallies.get(target.name) as Tally;
    onCase?.(target, tally.cases);
    await runCase(target, seed, tally.cases, tally);
  }
  return tallies;
}

/** Tries one case; throws `FuzzFailure` where it fails. */
export async function runCase(target: FuzzTarget, seed: number, number: number, tally: Tally): Promise<void> {
  const random = new Random(seed, target.name, number);
  const held = heldBytes();
  const start = performance.now();
  try {
    // A promise for each case would cost more than most cases.
    const result = target.run(random);
    const outcome = typeof result === 'string' ? result : await result;
    const took = performance.now() - start;
    const grown = heldBytes() - held;
    if (took > hangMs) throw new Error(`took ${Math.round(took)} ms`);
    if (grown > mostGrowth) throw new Error(`took ${grown} bytes`);
    if ('polluted' in {}) throw new Error('changed what every object inherits from');
    tally.cases += 1;
    tally[outcome] += 1;
    tally.slowestMs = Math.max(tally.slowestMs, took);
  } catch (error) {
    throw new FuzzFailure(target.name, seed, number, random.input, error);
  }
}

function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function shown(input: unknown): string {
  if (input instanceof Uint8Array) return `hex ${Buffer.from(input).toString('hex', 0, 2000)}`;
  return (typeof input === 'string' ? JSON.stringify(input) : (JSON.stringify(input) ?? 'none')).slice(0, 4000);
}
