import { isDeepStrictEqual } from 'node:util';
import { WherryError, type FailureCode } from '../src/shared/failure';
import type { Random } from './random';

/** What became of a case: the input was taken for good, and found to be that, or refused with an error that says why. */
export type Outcome = 'taken' | 'refused';

/** A piece of the program that reads what others wrote, and how to try it. */
export interface FuzzTarget {
  readonly name: string;
  /** How many of its cases come in a turn. */
  readonly weight: number;
  /** Tries one case; throws where the code under test did what it must not. */
  readonly run: (random: Random) => Outcome | Promise<Outcome>;
}

/** Throws unless it holds; `what` says what should have. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

/** The function's result, or undefined where it refused with one of these codes; any other error comes through. */
export function taken<T>(codes: readonly FailureCode[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof WherryError && codes.includes(error.code)) return undefined;
    throw error;
  }
}

/** The same for a promise's. */
export async function takenLater<T>(codes: readonly FailureCode[], read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof WherryError && codes.includes(error.code)) return undefined;
    throw error;
  }
}

/** Whether two values are the same JSON, whatever the order of their members. */
export function sameJson(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(asJson(a), asJson(b));
}

function asJson(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
