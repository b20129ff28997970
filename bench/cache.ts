/*
 * What the XBZRLE cache's policies find: hit rates on sweeps, random and popular pages, beside the most that any policy
 * could find (Belady's), and what a lookup costs. A cache of 2048 pages, which is one shard's share of the default.
 *
 *     npx rolldown bench/cache.ts --platform node -f cjs -o out/bench/cache.cjs && node out/bench/cache.cjs
 */
import { cachePolicyTable } from '../src/codec/cache-policies';
import { bestHitRate, cyclicSweep, evenly, hitRate, movingSet, zipf } from '../src/codec/testing';
import { cachePolicies } from '../src/shared/settings';

const capacity = 2048;
const accesses = 240 * capacity;
/** The share of each trace that fills the cache and is not counted. */
const warmUpShare = 0.25;

const sweep = (times: number): Float64Array => cyclicSweep(times * capacity, accesses / (times * capacity));

const traces: Readonly<Record<string, Float64Array>> = {
  'cyclic sweep, 0.5 × the cache': sweep(0.5),
  'cyclic sweep, 1 ×': sweep(1),
  'cyclic sweep, 2 ×': sweep(2),
  'cyclic sweep, 4 ×': sweep(4),
  'random, 2 ×': evenly(2 * capacity, accesses),
  'zipf 1.0, 8 ×': zipf(8 * capacity, accesses),
  'zipf 1.3, 8 ×': zipf(8 * capacity, accesses, 1.3),
  'moving hot set, 0.5 ×': movingSet(capacity / 2, accesses),
};

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`.padStart(10);

function main(): void {
  console.log([''.padEnd(32), ...cachePolicies.map((name) => name.padStart(10)), 'best'.padStart(10)].join(''));
  const busyMs = new Map<string, number>();
  for (const [trace, keys] of Object.entries(traces)) {
    const warmUp = Math.round(keys.length * warmUpShare);
    const rates = cachePolicies.map((name) => {
      const start = performance.now();
      const rate = hitRate(cachePolicyTable[name](capacity), keys, warmUp);
      busyMs.set(name, (busyMs.get(name) ?? 0) + performance.now() - start);
      return rate;
    });
    console.log([trace.padEnd(32), ...rates.map(percent), percent(bestHitRate(capacity, keys, warmUp))].join(''));
  }
  const total = Object.values(traces).reduce((sum, keys) => sum + keys.length, 0);
  const costs = [...busyMs].map(([name, ms]) => `${name} ${((1e6 * ms) / total).toFixed(0)} ns`);
  console.log(`an access, all traces: ${costs.join(', ')}`);
}

main();
