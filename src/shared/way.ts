import type { Method } from './settings';

/** How pages are carried: by workers that compare and compress them, or past these. */
export interface Way {
  readonly method: Method;
  readonly level: number;
  /** The stream goes as it comes: no page is compared with the cache either. The method is `none` then. */
  readonly asItComes?: true;
}

/** A way in words: `zstd 3`, `none`, `as it comes`. */
export function wayName({ method, level, asItComes }: Way): string {
  if (asItComes === true) return 'as it comes';
  return method === 'none' ? method : `${method} ${level}`;
}

/** Whether two are the same. */
export function sameWay(a: Way, b: Way): boolean {
  return a.method === b.method && a.level === b.level && a.asItComes === b.asItComes;
}
