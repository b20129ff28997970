import type { NativeMode } from './moves';

/** QEMU 7.2's own ways to send less, each with its own defaults: 8 and 2 threads, level 1, 64 MiB of cache. */
export const nativeModes = {
  none: { capabilities: {}, parameters: {} },
  'compress-zlib': { capabilities: { compress: true }, parameters: {} },
  xbzrle: { capabilities: { xbzrle: true }, parameters: {} },
  'xbzrle+zlib': { capabilities: { xbzrle: true, compress: true }, parameters: {} },
  'multifd-zlib': { capabilities: { multifd: true }, parameters: { 'multifd-compression': 'zlib' } },
  'multifd-zstd': { capabilities: { multifd: true }, parameters: { 'multifd-compression': 'zstd' } },
} as const satisfies Readonly<Record<string, NativeMode>>;

export type NativeModeName = keyof typeof nativeModes;

/** Every way a cell is measured, Wherry first. */
export const modeNames = ['wherry', ...(Object.keys(nativeModes) as NativeModeName[])] as const;
export type ModeName = 'wherry' | NativeModeName;
