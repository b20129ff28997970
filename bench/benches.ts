import type { Bench } from './kit/bench';
import { matrix } from './matrix';
import { relay } from './relay';

/** Every bench, in the order in which `npm run bench` runs them. */
export const benches: readonly Bench[] = [relay, matrix];
