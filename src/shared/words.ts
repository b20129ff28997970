import type { BandMs } from './snapshot';
import type { EndState, GuestPlace } from './state';
import { formatDuration } from './units';

/** A band in words; one figure where both ends read the same. */
export function bandText({ low, high }: BandMs): string {
  const [from, to] = [formatDuration(low), formatDuration(high)];
  if (from === to) return from;
  const [number = '', unit] = from.split(' ');
  return to.endsWith(` ${unit}`) && to.split(' ').length === 2 ? `${number}–${to}` : `${from} – ${to}`;
}

const places: Readonly<Record<GuestPlace, string>> = {
  source: 'the guest runs on the source',
  destination: 'the guest runs on the destination',
  none: 'the guest is paused on both sides',
  unknown: 'where the guest runs is not known',
};

/** Where the guest is when the destination never had it. */
const leftAlone: Readonly<Partial<Record<GuestPlace, string>>> = {
  none: 'the guest is paused on the source',
  unknown: 'neither side was told to start or stop a guest',
};

/** Where the guest is after a migration that ended so, as a clause. */
export function placeText(place: GuestPlace, end: EndState): string {
  const untouched = end === 'failed' || end === 'cancelled';
  return (untouched ? leftAlone[place] : undefined) ?? places[place];
}

/** A count with its thousands apart. */
export function count(value: number): string {
  return value.toLocaleString('en-US').replaceAll(',', ' ');
}

/** A share in percent. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

/** A time still to go: never more exact than an estimate is. */
export function roughly(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${Math.max(Math.round(seconds), 1)} s`;
  if (seconds < 90) return `${Math.round(seconds / 5) * 5} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

/** A band of time still to go: `4–12 s`, `~ 2 min`. */
export function etaText(band: BandMs | undefined): string {
  if (band === undefined) return 'unknown';
  const [from, to] = [roughly(band.low), roughly(band.high)];
  if (from === to) return `~ ${to}`;
  const [number = '', unit] = from.split(' ');
  return to.endsWith(` ${unit}`) ? `${number}–${to}` : `${from} – ${to}`;
}

/** Text as a sentence: a capital first, unless that is an address's, and a stop last. */
export function sentence(text: string): string {
  const begin = /^(unix|tcp|wherry):/.test(text) ? text.charAt(0) : text.charAt(0).toUpperCase();
  return `${begin}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
