import { auto } from './auto';
import { boundary } from './boundary';
import { cache } from './cache';
import { codec } from './codec';
import type { Bench } from './kit/bench';
import { limiter } from './limiter';
import { matrix } from './matrix';
import { predict } from './predict';
import { relay } from './relay';
import { scaling } from './scaling';
import { seedXbzrle } from './seed-xbzrle';
import { seedZstd } from './seed-zstd';
import { stream } from './stream';
import { targetsBench } from './targets';
import { windowBench } from './window';

/** Every bench, in the order in which `npm run bench` runs them. */
export const benches: readonly Bench[] = [
  codec,
  stream,
  cache,
  boundary,
  relay,
  limiter,
  scaling,
  predict,
  seedZstd,
  seedXbzrle,
  matrix,
  auto,
  windowBench,
  targetsBench,
];
