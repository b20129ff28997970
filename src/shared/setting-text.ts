/** Kinds of values that are written with a unit. */
export type UnitKind = 'bytes' | 'rate' | 'duration';

type Scale = readonly (readonly [factor: number, unit: string])[];

const exactScales: Readonly<Record<UnitKind, Scale>> = {
  bytes: [[2 ** 40, 'TiB'], [2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [2 ** 10, 'KiB'], [1, 'B']], // prettier-ignore
  rate: [[1e12 / 8, 'Tbit'], [1e9 / 8, 'Gbit'], [1e6 / 8, 'Mbit'], [1e3 / 8, 'kbit'], [1, 'B/s']], // prettier-ignore
  duration: [[86_400_000, 'd'], [3_600_000, 'h'], [60_000, 'm'], [1000, 's'], [1, 'ms']], // prettier-ignore
};

/** The shortest text for an exact setting; reading it with the kind's parser gives the same number back. */
export function settingText(kind: UnitKind, value: number): string {
  if (value === 0) return '0';
  const [factor, unit] = exactScales[kind].find(([each]) => value % each === 0) ?? [1, ''];
  return `${value / factor}${unit}`;
}
