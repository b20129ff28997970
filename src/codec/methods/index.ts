import { WherryError } from '../../shared/failure';
import { limits, type Method } from '../../shared/settings';
import type { MethodCodec } from './method';
import { none } from './none';
import { zlib } from './zlib';
import { zstd } from './zstd';

/** Every method by its name. */
export const methodTable: Readonly<Record<Method, MethodCodec>> = { none, zlib, zstd };

/** Throws `usage` for a level that the method does not have. */
export function checkLevel(method: Method, level: number): void {
  const { min, max } = limits.level[method];
  if (Number.isInteger(level) && level >= min && level <= max) return;
  throw new WherryError('usage', `${method} takes levels ${min} to ${max}, got ${level}`);
}
