import type { Command } from 'commander';
import { WherryError } from '../../src/shared/failure';
import type { Findings } from './result';

/** One benchmark, run by `npm run bench -- NAME`. */
export interface Bench {
  readonly name: string;
  /** One line for the help. */
  readonly summary: string;
  /** Declares its own options; each needs a default, since `npm run bench` gives none. */
  readonly options?: (command: Command) => Command;
  readonly run: (options: BenchOptions, context: BenchContext) => Promise<Findings>;
}

/** Options as typed, or their defaults. */
export type BenchOptions = Readonly<Record<string, string | boolean | undefined>>;

export interface BenchContext {
  /** The bundled `wherry` command, for `node`. */
  readonly wherry: string;
  /** Where results go. */
  readonly results: string;
  /** The command line that repeats this bench. */
  readonly command: string;
  /** Says how far it is. */
  readonly say: (line: string) => void;
}

/** An option's text; it has a default, so it is there. */
export function word(options: BenchOptions, name: string): string {
  const value = options[name];
  if (typeof value !== 'string') throw new Error(`Option ${name}: expected text, got ${String(value)}`);
  return value;
}

/** A whole number of at least 1. @throws WherryError `usage` */
export function count(options: BenchOptions, name: string): number {
  const text = word(options, name);
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new WherryError('usage', `--${name}: expected a whole number from 1, got ${JSON.stringify(text)}`);
}

/** A comma-separated option, each part one of `allowed`. @throws WherryError `usage` */
export function words<const Names extends readonly string[]>(
  options: BenchOptions,
  name: string,
  allowed: Names,
): readonly Names[number][] {
  return word(options, name)
    .split(',')
    .map((part) => {
      const found = allowed.find((each) => each === part.trim());
      if (found === undefined) {
        throw new WherryError('usage', `--${name}: expected some of ${allowed.join(',')}, got ${part}`);
      }
      return found;
    });
}
