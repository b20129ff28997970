import { cachePolicyTable } from '../src/codec/cache-policies';
import { bestHitRate, cyclicSweep, evenly, hitRate, movingSet, zipf } from '../src/codec/testing';
import { cachePolicies } from '../src/shared/settings';
import { type Bench, count } from './kit/bench';
import { percent } from './kit/table';

/** The share of each trace that fills the cache and is not counted. */
const warmUpShare = 0.25;

/** What the policies of the XBZRLE cache find, beside the most that any policy could find (Belady), and what it costs. */
export const cache: Bench = {
  name: 'cache',
  summary: "hit rates of each cache policy on sweeps, random and zipf, beside Belady's best",
  options: (command) =>
    command
      .option('--pages <n>', "the cache's size: one shard's share of the default", '2048')
      .option('--accesses <n>', 'accesses for each page of the cache', '240'),
  run(options) {
    const capacity = count(options, 'pages');
    const accesses = count(options, 'accesses') * capacity;
    const busyMs = new Map<string, number>();
    const rows = Object.entries(tracesFor(capacity, accesses)).map(([trace, keys]) => {
      const warmUp = Math.round(keys.length * warmUpShare);
      const rates = cachePolicies.map((name) => {
        const start = performance.now();
        const rate = hitRate(cachePolicyTable[name](capacity), keys, warmUp);
        busyMs.set(name, (busyMs.get(name) ?? 0) + performance.now() - start);
        return [name, rate] as const;
      });
      return {
        trace,
        accesses: keys.length,
        rates: Object.fromEntries(rates),
        best: bestHitRate(capacity, keys, warmUp),
      };
    });
    const total = rows.reduce((sum, row) => sum + row.accesses, 0);
    const shares = rows.flatMap(({ trace, rates, best }) =>
      [...Object.entries(rates), ['best', best] as const].map(([name, rate]) => [`${name}.${trace}`, rate] as const),
    );
    const costs = [...busyMs].map(([name, ms]) => [`nanosecondsAnAccess.${name}`, (1e6 * ms) / total] as const);
    const names = [...cachePolicies, 'best'];
    const rateOf = (row: (typeof rows)[number], name: string): number => row.rates[name] ?? row.best;
    return Promise.resolve({
      parameters: { pages: capacity, accesses },
      figures: Object.fromEntries([...shares, ...costs]),
      rows,
      tables: [
        {
          title: `Hit rates, a cache of ${capacity} pages`,
          head: ['', ...names],
          rows: [
            ...rows.map((row) => [row.trace, ...names.map((name) => percent(rateOf(row, name)))]),
            ['an access, all traces', ...costs.map(([, ns]) => `${ns.toFixed(0)} ns`), ''],
          ],
        },
      ],
      charts: [
        {
          kind: 'bars',
          title: 'Hit rate',
          unit: '%',
          groups: rows.map((row) => ({
            label: row.trace,
            bars: names.map((name) => ({ name, value: 100 * rateOf(row, name) })),
          })),
        },
      ],
    });
  },
};

function tracesFor(capacity: number, accesses: number): Readonly<Record<string, Float64Array>> {
  const sweep = (times: number): Float64Array => cyclicSweep(times * capacity, accesses / (times * capacity));
  return {
    'sweep 0.5 ×': sweep(0.5),
    'sweep 1 ×': sweep(1),
    'sweep 2 ×': sweep(2),
    'sweep 4 ×': sweep(4),
    'random 2 ×': evenly(2 * capacity, accesses),
    'zipf 1.0, 8 ×': zipf(8 * capacity, accesses),
    'zipf 1.3, 8 ×': zipf(8 * capacity, accesses, 1.3),
    'moving hot set 0.5 ×': movingSet(capacity / 2, accesses),
  };
}
