import { formatBytes, formatDuration, formatRate } from '../../shared/units';
import type { Column } from './columns';
import type { Pattern } from './pattern';
import type { Below } from './paths';
import type { Frame } from './series';

/** What one side of a chart measures: how its top grows, and how its values read. */
export interface Axis {
  /** `share` is always 0 to 1; `time` is logarithmic, from 1 ms. */
  readonly scale: 'amount' | 'memory' | 'share' | 'time';
  readonly text: (value: number) => string;
}

/** A line of a chart. */
export interface Line<Name extends string = string> {
  readonly label: string;
  readonly column: Name;
  /** Name of the CSS custom property holding its colour. */
  readonly colour: string;
  readonly width?: number;
  readonly dash?: readonly number[];
  readonly right?: true;
  /** What is filled, and how: down to the axis or to another line, by its place in the list. */
  readonly fill?: { readonly below: 'axis' | number; readonly pattern: Pattern };
  /** Stands at the line's end, to tell it from others. */
  readonly mark?: string;
  /** What is said where the value is not known. */
  readonly absent?: string;
  /** A limit does not stretch the chart: one far above everything else is told of at the edge. */
  readonly limit?: true;
  /** While this column is 0 there is nothing to measure, and the line is off. */
  readonly unless?: Name;
  /** What it is, for who wonders. */
  readonly about?: string;
}

/** A chart: what it is called, its lines, and what they are measured by. */
export interface Picture<Name extends string = string> {
  readonly name: string;
  readonly lines: readonly Line<Name>[];
  readonly left: Axis;
  readonly right?: Axis;
  /** No chart beside or below it has an axis at the right, so there need be no room for one. */
  readonly slim?: true;
  /** Each line stands on the one before. */
  readonly stacked?: true;
  /** Stands in the chart while all of its lines are off and were all the time. */
  readonly whenOff?: string;
}

const rate: Axis = { scale: 'amount', text: formatRate };
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
const perSecond: Axis = { scale: 'amount', text: (value) => `${compact.format(value).replace('K', 'k')}/s` };
const share: Axis = { scale: 'share', text: (value) => `${Math.round(value * 100)} %` };
const dashes = [6, 4];

/** The live pictures, in the order in which they are shown. */
export const pictures: readonly Picture<Column>[] = [
  {
    name: 'Rate',
    left: rate,
    lines: [
      { label: 'Guest', column: 'guestRate', colour: '--guest', fill: { below: 'axis', pattern: 'plain' } },
      { label: 'Wire', column: 'wireRate', colour: '--wire', width: 2.5 },
      { label: 'Limit', column: 'limit', colour: '--limit', width: 1.5, dash: dashes, absent: 'none', limit: true },
    ],
  },
  {
    name: 'Remaining and dirty rate',
    left: { scale: 'memory', text: formatBytes },
    right: rate,
    lines: [
      { label: 'Remaining', column: 'remaining', colour: '--guest', fill: { below: 'axis', pattern: 'plain' } },
      { label: 'Dirty rate', column: 'dirtyRate', colour: '--wire', dash: [2, 3], right: true },
    ],
  },
  {
    name: 'Wire by class',
    left: rate,
    stacked: true,
    lines: [
      stratum('Zero', 'zero', '--class-zero', 'plain', 'axis'),
      stratum('Unchanged', 'unchanged', '--class-unchanged', 'level', 0),
      stratum('XBZRLE', 'xbzrle', '--class-xbzrle', 'dots', 1),
      stratum('Compressed', 'compressed', '--class-compressed', 'rising', 2),
      stratum('Plain', 'plain', '--class-plain', 'falling', 3),
      {
        ...stratum('Other', 'other', '--class-mark', 'plain', 4),
        about: 'What belongs to no page: device state, the order of the pages, framing and control',
      },
    ],
  },
  {
    name: 'Cache',
    left: share,
    right: perSecond,
    whenOff: 'The XBZRLE cache is off',
    lines: [
      { label: 'Hit rate', column: 'hitShare', colour: '--class-xbzrle', width: 2.5, unless: 'cacheBytes' },
      { label: 'Lookups', column: 'lookupRate', colour: '--guest', dash: [2, 3], right: true, unless: 'cacheBytes' },
      { label: 'Overflow', column: 'overflowRate', colour: '--wire', dash: dashes, right: true, unless: 'cacheBytes' },
    ],
  },
  {
    name: 'Expected downtime',
    left: { scale: 'time', text: formatDuration },
    lines: [
      { label: 'At least', column: 'downtimeLow', colour: '--guest', width: 1.5 },
      {
        label: 'At most',
        column: 'downtimeHigh',
        colour: '--guest',
        width: 2.5,
        fill: { below: 0, pattern: 'rising' },
      },
      { label: 'Limit', column: 'downtimeLimit', colour: '--limit', width: 1.5, dash: dashes },
    ],
  },
];

function stratum(label: string, column: Column, colour: string, pattern: Pattern, below: Below): Line<Column> {
  return { label, column, colour, width: 1.5, fill: { below, pattern } };
}

/** A line's value as it reads beside it. */
export function valueText<Name extends string>(
  { left, right }: Picture<Name>,
  line: Line<Name>,
  read: (column: Name) => number | undefined,
): string {
  if (isOff(line, read)) return 'off';
  const value = read(line.column);
  if (value === undefined) return line.absent ?? '—';
  return (line.right === true ? (right ?? left) : left).text(value);
}

/** Whether there is nothing to measure now. */
function isOff<Name extends string>({ unless }: Line<Name>, read: (column: Name) => number | undefined): boolean {
  return unless !== undefined && read(unless) === 0;
}

/** What is said in the middle of a chart that is off and has nothing to show of another time. */
export function offText<Name extends string>(
  { lines, whenOff }: Picture<Name>,
  { values }: Frame<Name>,
  read: (column: Name) => number | undefined,
): string | undefined {
  const off = lines.every((line) => isOff(line, read));
  return off && lines.every(({ column }) => values[column].every(Number.isNaN)) ? whenOff : undefined;
}
