import { describe, expect, it } from 'vitest';
import { builtinMemory, workloads } from '../shared/guest';
import { pageBytes } from '../shared/settings';
import { GuestMemory } from './memory';
import { bootedGuest } from './testing';
import { boot, runSteps } from './workload';

const steps = 6000;

function changedPages(before: Buffer, after: Buffer): number[] {
  const pages: number[] = [];
  for (let at = 0; at < before.length; at += pageBytes) {
    if (before.compare(after, at, at + pageBytes, at, at + pageBytes) !== 0) pages.push(at / pageBytes);
  }
  return pages;
}

describe.each(workloads)('workload %s', (workload) => {
  it('depends on its seed and counter only, however its steps are cut', () => {
    const whole = bootedGuest(workload).machine;
    runSteps(whole.memory, whole.workload, steps);
    const cut = bootedGuest(workload).machine;
    for (const part of [1, 2999, 0, 3000]) runSteps(cut.memory, cut.workload, part);
    expect(cut.workload.counter).toBe(steps);
    expect(cut.memory.bytes.equals(whole.memory.bytes)).toBe(true);
  });

  it('logs every page it changes', () => {
    const { memory, workload: state } = bootedGuest(workload).machine;
    const before = Buffer.from(memory.bytes);
    expect(memory.dirty.size).toBe(0);
    runSteps(memory, state, steps);
    const changed = changedPages(before, memory.bytes);
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.filter((page) => !memory.dirty.has(page))).toEqual([]);
    expect(memory.dirty.size).toBe(changed.length);
  });
});

describe('the load generator that came with XBZRLE', () => {
  it('increments one byte in every 1024 of 16 MiB, in order, over and over', () => {
    const { memory, workload } = bootedGuest('seed').machine;
    const passPages = 4096;
    runSteps(memory, workload, 3 * passPages + 2);
    const start = memory.ramBytes / 4;
    const page = Array.from({ length: pageBytes }, (_, at) => (at % 1024 === 0 ? 4 : 0));
    expect([...memory.bytes.subarray(start, start + pageBytes)]).toEqual(page);
    expect(memory.bytes[start + 2 * pageBytes]).toBe(3);
    expect(memory.bytes[start + passPages * pageBytes - 1024]).toBe(3);
    expect(memory.dirty.size).toBe(passPages);
  });
});

describe('memory at boot', () => {
  it('differs by seed, and is made of empty, repeated, compressible and other pages', () => {
    const memory = new GuestMemory(builtinMemory.min);
    boot(memory, { workload: 'idle', seed: 1 });
    const other = new GuestMemory(builtinMemory.min);
    boot(other, { workload: 'idle', seed: 2 });
    expect(other.bytes.equals(memory.bytes)).toBe(false);

    const seen = new Map<string, number>();
    for (let page = 0; page < memory.pages; page += 1) {
      const text = memory.bytes.toString('latin1', page * pageBytes, (page + 1) * pageBytes);
      seen.set(text, (seen.get(text) ?? 0) + 1);
    }
    const empty = seen.get('\0'.repeat(pageBytes)) ?? 0;
    expect(empty / memory.pages).toBeGreaterThan(0.35);
    expect(empty / memory.pages).toBeLessThan(0.65);
    expect([...seen.values()].filter((times) => times > 1).length).toBeGreaterThan(10);
    expect(seen.size).toBeGreaterThan(memory.pages / 4);
  });

  it('is refused in sizes no guest has', () => {
    expect(() => new GuestMemory(builtinMemory.min - pageBytes)).toThrow('expected whole pages from');
    expect(() => new GuestMemory(builtinMemory.min + 1)).toThrow('expected whole pages from');
    expect(() => new GuestMemory(builtinMemory.max + pageBytes)).toThrow('expected whole pages from');
  });
});

describe('isZeroPage', () => {
  it.each([0, 1, 255, 256, 2048, 4095])('sees the byte at %i', (at) => {
    const memory = new GuestMemory(builtinMemory.min);
    expect(memory.isZeroPage(3)).toBe(true);
    memory.incrementByte(3 * pageBytes + at);
    expect(memory.isZeroPage(3)).toBe(false);
    expect(memory.isZeroPage(2)).toBe(true);
    expect(memory.isZeroPage(4)).toBe(true);
  });
});
