import ms from 'ms';
import unitmath from 'unitmath';
import { WherryError } from './failure';
import type { UnitKind } from './setting-text';

const prefixes = {
  ONE: { '': 1 },
  DATA: { '': 1, k: 1e3, K: 1e3, M: 1e6, G: 1e9, T: 1e12, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 },
};

const dataUnits = {
  b: { quantity: 'BIT', prefixes: 'DATA', value: 1, aliases: ['bit', 'bits'] },
  B: { prefixes: 'DATA', value: '8 b', aliases: ['byte', 'bytes'] },
} as const;

/** `64M` is 64 MiB, as QEMU's command line and monitor read it. */
const qemuSuffixes = {
  K: { prefixes: 'ONE', value: '1 KiB', aliases: ['Ki'] },
  M: { prefixes: 'ONE', value: '1 MiB', aliases: ['Mi'] },
  G: { prefixes: 'ONE', value: '1 GiB', aliases: ['Gi'] },
  T: { prefixes: 'ONE', value: '1 TiB', aliases: ['Ti'] },
} as const;

const rateUnits = unitmath.config({ definitions: { skipBuiltIns: true, prefixes, units: dataUnits } });
const sizeUnits = unitmath.config({
  definitions: { skipBuiltIns: true, prefixes, units: { ...dataUnits, ...qemuSuffixes } },
});

/** What can be typed for each kind of value; part of the message when something else is. */
const expected = {
  bytes: 'a size such as 64MiB or 4096',
  rate: 'a rate such as 100Mbit or 12MB/s, or 0 for no limit',
  duration: 'a time such as 300ms or 10m',
} as const satisfies Record<UnitKind, string>;

const bareNumber = /^\d+(\.\d+)?$/;
const bareMultiple = /^\d+(\.\d+)?[kmgt]i?$/i;

/**
 * What a number alone might have meant. QEMU, its monitor and virsh each read another unit into one: bytes or MiB,
 * milliseconds or seconds. So it is asked back, and a limit of 100 bytes a second is never set by mistake.
 */
const likelyUnits: Readonly<Record<UnitKind, readonly string[]>> = {
  bytes: ['MiB', 'B'],
  rate: ['Mbit', 'MB/s', 'B/s'],
  duration: ['s', 'ms'],
};

/** A number of bytes from here on is one that somebody has worked out; less than a page is a unit forgotten. */
const smallestBareSize = 4096;

/**
 * A size in bytes: `64MiB`, `512 MiB`, `12MB`, `64M` (as QEMU: MiB), `64B`; a number alone only from `4096` on, or 0. Case
 * does not matter, a size is never bits.
 * @throws WherryError `usage`
 */
export function parseBytes(text: string): number {
  const spelled = text
    .trim()
    .toUpperCase()
    .replace(/(?<=[KMGT])I/, 'i')
    .replace(/BYTES?$/, 'B');
  if (bareNumber.test(spelled)) return whole('bytes', text, alone('bytes', spelled, smallestBareSize));
  return whole('bytes', text, convert(sizeUnits, spelled, 'B'));
}

/**
 * A rate in bytes per second: `100Mbit`, `100Mbit/s`, `12MB/s`, `12MB`, `100B/s`; 0 is the only number that needs no unit.
 * `b` is a bit and `B` a byte; the case of everything else does not matter.
 * @throws WherryError `usage`
 */
export function parseRate(text: string): number {
  const spelled = text
    .trim()
    .replace(/[kmgt](?=i?b)/i, (prefix) => prefix.toUpperCase())
    .replace(/(?<=[KMGT])I(?=b)/i, 'i')
    .replace(/bits?/i, 'b')
    .replace(/bytes?/i, 'B')
    .replace(/ps$/i, '/s')
    .replace(/\/s(ec(onds?)?)?$/i, '');
  if (bareNumber.test(spelled)) return whole('rate', text, alone('rate', spelled));
  if (bareMultiple.test(spelled)) {
    throw refusal('rate', text, `, which is neither bits nor bytes: ${asked(spelled, ['bit', 'B/s'])}`);
  }
  return whole('rate', text, convert(rateUnits, spelled, 'B'));
}

/**
 * A time in milliseconds: `300ms`, `1.5s`, `10m`, `1h`; 0 is the only number that needs no unit.
 * @throws WherryError `usage`
 */
export function parseDuration(text: string): number {
  const spelled = text.trim();
  if (bareNumber.test(spelled)) return whole('duration', text, alone('duration', spelled));
  return whole('duration', text, spelled === '' ? undefined : ms(spelled as ms.StringValue));
}

/**
 * A number without a unit: nothing, or as many as can be meant so.
 * @throws WherryError `usage` that asks which unit was meant
 */
function alone(kind: UnitKind, number: string, smallest = Number.POSITIVE_INFINITY): number {
  const value = Number(number);
  if (value === 0 || value >= smallest) return value;
  throw refusal(kind, number, `, which has no unit: ${asked(number, likelyUnits[kind])}`);
}

/** `100Mbit, 100MB/s or 100B/s?` */
function asked(number: string, units: readonly string[]): string {
  return `${units.map((unit) => `${number}${unit}`).join(', ').replace(/, (?=[^,]*$)/, ' or ')}?`; // prettier-ignore
}

/** The number of `unit` in `text`, or undefined where the text says no such thing. */
function convert(units: typeof sizeUnits, text: string, unit: string): number | undefined {
  try {
    const quantity = units(text);
    return quantity.value == null ? undefined : (quantity.to(unit).value ?? undefined);
  } catch {
    return undefined; // unitmath's messages speak of dimensions and text positions; ours name what can be typed
  }
}

/** Settings are whole numbers. What is not nothing must not become 0 by rounding: 0 means unlimited or off. */
function whole(kind: UnitKind, text: string, value: number | undefined): number {
  const rounded = Math.round(value ?? Number.NaN);
  if (value === undefined || !Number.isSafeInteger(rounded) || value < 0 || (rounded === 0 && value > 0)) {
    throw refusal(kind, text);
  }
  return rounded;
}

function refusal(kind: UnitKind, text: string, hint = ''): WherryError {
  return new WherryError('usage', `expected ${expected[kind]}, got ${JSON.stringify(text)}${hint}`);
}

type Scale = readonly (readonly [factor: number, unit: string])[];

const iec: Scale = [[2 ** 40, 'TiB'], [2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [2 ** 10, 'KiB'], [1, 'B']]; // prettier-ignore
const si: Scale = [[1e12, 'TB'], [1e9, 'GB'], [1e6, 'MB'], [1e3, 'kB'], [1, 'B']]; // prettier-ignore
const bits: Scale = [[1e9, 'Gbit/s'], [1e6, 'Mbit/s'], [1e3, 'kbit/s'], [1, 'bit/s']]; // prettier-ignore

/** Memory, in binary units: `512 MiB`. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, iec);
}

/** What went over a link, in decimal units: `736 MB`. */
export function formatWireBytes(bytes: number): string {
  return scaled(bytes, si);
}

/** Bytes per second: `12.5 MB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${scaled(bytesPerSecond, si)}/s`;
}

/** Bytes per second as a link's rate: `100 Mbit/s`. */
export function formatBitRate(bytesPerSecond: number): string {
  return scaled(bytesPerSecond * 8, bits);
}

/** Milliseconds: `82 ms`, `4.3 s`, `2 min 5 s`, `1 h 2 min`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${milliseconds < 10 ? digits(milliseconds) : Math.round(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** In the largest unit of which it is at least one once rounded for reading: never `1000 kB`. */
function scaled(value: number, scale: Scale): string {
  for (const [index, [factor, unit]] of scale.entries()) {
    const below = scale[index + 1];
    if (below === undefined) return `${digits(value / factor)} ${unit}`;
    const rounded = Number(digits(value / below[0])) * below[0];
    if (rounded >= factor) return `${digits(rounded / factor)} ${unit}`;
  }
  throw new Error('a scale has at least one unit');
}

/** Three digits at least, no trailing zeros: 1.25, 12.5, 1020. */
function digits(value: number): string {
  const decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return String(Number(value.toFixed(decimals)));
}
