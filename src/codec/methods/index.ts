import { WherryError } from '../../shared/failure';
import { limits, type Method } from '../../shared/settings';
import type { MethodCodec } from './method';
import { none } from './none';
import { zlib } from './zlib';
import { zstd } from './zstd';

/** A method at one of its levels. */
export interface MethodAt {
  readonly method: Method;
  readonly level: number;
}

/** Every method by its name. */
export const methodTable: Readonly<Record<Method, MethodCodec>> = { none, zlib, zstd };

/** Throws `usage` for a level that the method does not have. */
export function checkLevel(method: Method, level: number): void {
  const { min, max } = limits.level[method];
  if (Number.isInteger(level) && level >= min && level <= max) return;
  throw new WherryError('usage', `${method} takes levels ${min} to ${max}, got ${level}`);
}

/**
 * Bits that a method needs for a repeat just like the one before: zstd codes runs of equal sequences for next to
 * nothing, deflate writes a length and a distance each time. Undefined for what makes nothing smaller.
 */
export function regularBits({ method, level }: MethodAt): number | undefined {
  if (method === 'none' || (method === 'zlib' && level === 0)) return undefined;
  return method === 'zstd' ? 1 : 9;
}
