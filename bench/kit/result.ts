import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { type Chart, svgOf } from './chart';
import { thisMachine, thisVersion } from './machine';

/** What a bench found. Names of figures have their unit, or are ratios. */
export interface Findings {
  readonly parameters: Readonly<Record<string, unknown>>;
  /** What was found, each under a name that stays: `targets` and others look for it. */
  readonly figures: Readonly<Record<string, number>>;
  /** Everything behind it, a row a measurement. */
  readonly rows: readonly object[];
  readonly tables: readonly Table[];
  readonly charts: readonly Chart[];
}

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What one part of a bench found, for benches of several parts. */
export interface Section {
  readonly figures: Readonly<Record<string, number>>;
  readonly rows: readonly object[];
  readonly table: Table;
  readonly charts: readonly Chart[];
}

/** Findings of the parts together. */
export function together(parameters: Findings['parameters'], sections: readonly Section[]): Findings {
  return {
    parameters,
    figures: Object.assign({}, ...sections.map(({ figures }) => figures)) as Findings['figures'],
    rows: sections.flatMap(({ rows }) => rows),
    tables: sections.map(({ table }) => table),
    charts: sections.flatMap(({ charts }) => charts),
  };
}

const resultSchema = v.object({
  bench: v.string(),
  date: v.string(),
  command: v.string(),
  version: v.string(),
  machine: v.record(v.string(), v.unknown()),
  parameters: v.record(v.string(), v.unknown()),
  figures: v.record(v.string(), v.number()),
});

/** A result as it is read again, without its rows. */
export type StoredResult = v.InferOutput<typeof resultSchema>;

/** Writes `<bench>.json` and, if there is a chart, `<bench>.svg`; says which files it wrote. */
export function writeResult(folder: string, bench: string, command: string, findings: Findings): readonly string[] {
  mkdirSync(folder, { recursive: true });
  const { parameters, figures, rows, charts } = findings;
  const head = { bench, date: new Date().toISOString(), command, version: thisVersion(), machine: thisMachine() };
  const json = join(folder, `${bench}.json`);
  writeFileSync(json, `${JSON.stringify({ ...head, parameters, figures: known(figures), rows }, undefined, 2)}\n`);
  if (charts.length === 0) return [json];
  const svg = join(folder, `${bench}.svg`);
  writeFileSync(svg, svgOf(charts));
  return [json, svg];
}

/** The last result of a bench, if there is one in the folder that can be read. */
export function readResult(folder: string, bench: string): StoredResult | undefined {
  try {
    return v.parse(resultSchema, JSON.parse(readFileSync(join(folder, `${bench}.json`), 'utf8')));
  } catch {
    return undefined;
  }
}

/** JSON has no word for a figure that could not be found. */
const known = (figures: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(figures).filter(([, value]) => Number.isFinite(value)));
