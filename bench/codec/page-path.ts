import { keyBytes, pageKey } from '../../src/codec/job';
import { PartEncoder } from '../../src/codec/part-encoder';
import { defaultSettings, pageBytes } from '../../src/shared/settings';
import type { Section } from '../kit/result';
import { digits } from '../kit/table';
import { change, type PatternName, patternNames } from './patterns';

const jobPages = 256;
const jobBytes = jobPages * pageBytes;

/**
 * A worker's way with each page: looked up in the cache, encoded against what is there, stored. The jobs together fill
 * the cache, so that it comes from memory as it does in a worker; only the encoder is timed, not what changes the pages.
 */
export function measurePagePath(memory: Buffer, passes: number): Section {
  const jobs = memory.length / jobBytes;
  const rows: Row[] = patternNames.map((name) => hits(memory, jobs, name, passes));
  rows.push(run('every page a miss', new PartEncoder(jobPages, (jobs / 2) * jobPages, 'lru'), memory, jobs, passes));
  rows.push(run('no cache', new PartEncoder(jobPages, 0, 'lru'), memory, jobs, passes));
  const names: Readonly<Record<string, string>> = { 'every page a miss': 'miss', 'no cache': 'uncached' };
  const figures = Object.fromEntries(
    rows.map(({ name, speed }) => [`pagePathGigabytesPerSecond.${names[name] ?? name}`, speed]),
  );
  const table = {
    title: 'Page path in a worker (look up, encode, store), GB/s of guest memory',
    head: ['', 'GB/s', 'deltas', 'unchanged', 'repeated', 'full'],
    rows: rows.map(({ name, speed, shares }) => [
      name,
      digits(speed),
      ...shares.map((share) => `${(100 * share).toFixed(0)} %`),
    ]),
  };
  return { figures, rows: rows.map((row) => ({ part: 'page path', ...row })), table, charts: [] };
}

interface Row {
  readonly name: string;
  readonly speed: number;
  /** Of the pages: deltas, unchanged, repeated, full. */
  readonly shares: readonly number[];
}

function hits(memory: Buffer, jobs: number, pattern: PatternName, passes: number): Row {
  const encoder = new PartEncoder(jobPages, jobs * jobPages, defaultSettings.cachePolicy);
  const copy = Buffer.from(memory);
  run('first', encoder, copy, jobs, 1);
  return run(pattern, encoder, copy, jobs, passes, (job) => change(job, pattern));
}

/** All jobs again and again; `touch` changes a job's memory before it is encoded. The fastest round counts. */
function run(
  name: string,
  encoder: PartEncoder,
  memory: Buffer,
  jobs: number,
  passes: number,
  touch: (job: Buffer) => void = () => undefined,
): Row {
  let best = 0;
  let shares: readonly number[] = [];
  for (let pass = 0; pass < passes; pass++) {
    let ms = 0;
    const sum = [0, 0, 0, 0];
    for (let job = 0; job < jobs; job++) {
      const own = memory.subarray(job * jobBytes, (job + 1) * jobBytes);
      touch(own);
      for (let page = 0; page < jobPages; page++) {
        encoder.keys.writeDoubleLE(pageKey(0, job * jobPages + page), page * keyBytes);
      }
      encoder.pages(jobPages).set(own);
      const start = performance.now();
      const { counts } = encoder.encode(jobPages, 1);
      ms += performance.now() - start;
      const now = [counts.xbzrle, counts.unchanged, counts.repeated, counts.normal];
      now.forEach((count, i) => (sum[i] = (sum[i] as number) + count));
    }
    best = Math.max(best, (jobs * jobBytes) / 1e6 / ms);
    shares = sum.map((count) => count / jobs / jobPages);
  }
  return { name, speed: best, shares };
}
