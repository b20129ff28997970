/** The geometric mean of positive numbers; nothing for none. */
export function geometricMean(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** The value that `share` (0 to 1) of the values do not exceed, by nearest rank; nothing for none. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** The middle value, the mean of both for an even number; nothing for none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

/** The share of values for which `holds`, 0 to 1; nothing for none. */
export function shareOf<T>(values: readonly T[], holds: (value: T) => boolean): number | undefined {
  return values.length === 0 ? undefined : values.filter(holds).length / values.length;
}
