import { Option } from 'commander';
import * as v from 'valibot';
import { maxRate } from '../guest/workload';
import { guestMemorySchema } from '../shared/contract';
import { WherryError } from '../shared/failure';
import { builtinMemory } from '../shared/guest';
import { formatBytes, parseBytes } from '../shared/units';
import { argument } from './settings-options';

/** `--memory` of a built-in guest; `guestMemory` checks what it is given. */
export function memoryOption(): Option {
  const { min, max } = builtinMemory;
  return new Option('--memory <size>', `guest memory, ${formatBytes(min)} to ${formatBytes(max)}`)
    .argParser(argument(parseBytes))
    .default(builtinMemory.default, formatBytes(builtinMemory.default));
}

/**
 * The bytes of memory a built-in guest is to have.
 * @throws WherryError `usage` that names what is possible
 */
export function guestMemory(value: unknown): number {
  const result = v.safeParse(guestMemorySchema, value);
  if (result.success) return result.output;
  throw new WherryError(
    'usage',
    `${result.issues[0].message}, got ${typeof value === 'number' ? formatBytes(value) : String(value)}`,
  );
}

/**
 * The steps a second a built-in guest is to make.
 * @throws WherryError `usage` that names what is possible
 */
export function guestRate(given: number): number {
  return upTo('Rate', maxRate, given);
}

/**
 * A whole number of at most `max`.
 * @throws WherryError `usage` that names the range
 */
export function upTo(label: string, max: number, given: number): number {
  if (given <= max) return given;
  throw new WherryError('usage', `${label}: expected a whole number from 0 to ${max}, got ${given}`);
}
