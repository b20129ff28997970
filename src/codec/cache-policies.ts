import type { CachePolicyName } from '../shared/settings';
import { AdaptiveCache } from './adaptive-cache';
import { PageCache, type CachePolicy } from './page-cache';

/** Every policy of `settings`, by its name; `capacity` in pages, at least 1. */
export const cachePolicyTable: Readonly<Record<CachePolicyName, (capacity: number) => CachePolicy>> = {
  lru: (capacity) => new PageCache(capacity),
  adaptive: (capacity) => new AdaptiveCache(capacity),
};
