import { pageBytes } from '../../src/shared/settings';

/** Which bytes of a page a workload changes; the names stay, figures are under them. */
export const patterns = {
  identical: [],
  seed: [0, 1024, 2048, 3072],
  spots64: Array.from({ length: 64 }, (_, i) => i * 64 + (i % 13)),
  halfPage: Array.from({ length: pageBytes / 2 }, (_, i) => 1024 + i),
  every8th: Array.from({ length: pageBytes / 8 }, (_, i) => i * 8),
} as const satisfies Readonly<Record<string, readonly number[]>>;

export type PatternName = keyof typeof patterns;

export const patternNames = Object.keys(patterns) as readonly PatternName[];

/** Writes to each page of `memory` where the pattern does. */
export function change(memory: Uint8Array, pattern: PatternName): void {
  for (let page = 0; page < memory.length; page += pageBytes) {
    for (const offset of patterns[pattern]) memory[page + offset] = (memory[page + offset] as number) + 1;
  }
}
