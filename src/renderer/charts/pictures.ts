import { formatBytes, formatDuration, formatRate } from '../../shared/units';
import type { Column } from './columns';
import type { Pattern } from './pattern';
import type { Below } from './paths';

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
      { label: 'Limit', column: 'limit', colour: '--limit', width: 1.5, dash: dashes, absent: 'none' },
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
      stratum('Other', 'other', '--class-mark', 'plain', 4),
    ],
  },
  {
    name: 'Cache',
    left: share,
    right: perSecond,
    lines: [
      { label: 'Hit rate', column: 'hitShare', colour: '--class-xbzrle', width: 2.5 },
      { label: 'Lookups', column: 'lookupRate', colour: '--guest', dash: [2, 3], right: true },
      { label: 'Overflow', column: 'overflowRate', colour: '--wire', dash: dashes, right: true },
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

/** A value as it reads beside its line. */
export function valueText({ left, right }: Picture, line: Line, value: number | undefined): string {
  if (value === undefined) return line.absent ?? '—';
  return (line.right === true ? (right ?? left) : left).text(value);
}
