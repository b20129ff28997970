import { describe, expect, it } from 'vitest';
import { columns, type Column } from './columns';
import { offText, pictures, valueText } from './pictures';
import type { Picture } from './pictures';
import type { Frame } from './series';

function named(name: string): Picture<Column> {
  const found = pictures.find((picture) => picture.name === name);
  if (found === undefined) throw new Error(`expected a picture ${name}`);
  return found;
}

const cache = named('Cache');

function frame(hits: readonly number[]): Frame<Column> {
  const unknown = Float64Array.from(hits, () => Number.NaN);
  const values = Object.fromEntries(Object.keys(columns).map((name) => [name, unknown])) as Record<
    Column,
    Float64Array
  >;
  return { time: Float64Array.from(hits.keys()), values: { ...values, hitShare: Float64Array.from(hits) } };
}

/** What the lines of the cache read. */
function texts(known: Readonly<Partial<Record<Column, number>>>): readonly string[] {
  return cache.lines.map((line) => valueText(cache, line, (name) => known[name]));
}

describe('the picture of the cache', () => {
  it('reads off while the cache is', () => {
    expect(texts({ cacheBytes: 0 })).toEqual(['off', 'off', 'off']);
    expect(offText(cache, frame([NaN, NaN]), () => 0)).toBe('The XBZRLE cache is off');
  });

  it('reads figures, or that they are not known, while it is on', () => {
    expect(texts({ cacheBytes: 4096, hitShare: 0.25, lookupRate: 1500 })).toEqual(['25 %', '1.5k/s', '—']);
    expect(offText(cache, frame([NaN]), () => undefined)).toBeUndefined();
  });

  it('says nothing over what there was before it was switched off', () => {
    expect(offText(cache, frame([0.5, NaN]), () => 0)).toBeUndefined();
  });
});

it('what is stacked says what it is where its name does not', () => {
  const other = named('Wire by class').lines.find(({ label }) => label === 'Other');
  expect(other?.about).toMatch(/device state.*order.*framing and control/);
});
