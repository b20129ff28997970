import { existsSync, statSync, truncateSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { Ring } from './ring';

const shape = { slots: 3, inBytes: 100, outBytes: 60 };
const opened: Ring[] = [];

function keep(ring: Ring): Ring {
  opened.push(ring);
  return ring;
}

afterEach(() => {
  for (const ring of opened.splice(0)) {
    ring.unlink();
    ring.close();
  }
});

describe('Ring', () => {
  it('carries bytes both ways, each slot and region on its own, also after unlink', () => {
    const engine = keep(Ring.create(shape));
    const worker = keep(Ring.open(engine.path, shape));
    engine.unlink();
    expect(existsSync(engine.path)).toBe(false);
    for (let slot = 0; slot < shape.slots; slot++) {
      engine.writeIn(slot, 0, Buffer.alloc(100, 10 + slot));
      worker.writeOut(slot, 0, Buffer.alloc(60, 20 + slot));
    }
    for (let slot = 0; slot < shape.slots; slot++) {
      const input = Buffer.alloc(30);
      const output = Buffer.alloc(60);
      worker.readIn(slot, 70, input);
      engine.readOut(slot, 0, output);
      expect(input).toEqual(Buffer.alloc(30, 10 + slot));
      expect(output).toEqual(Buffer.alloc(60, 20 + slot));
    }
  });

  it('is for this user alone', () => {
    const { path } = keep(Ring.create(shape));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(path).blocks * 512).toBeGreaterThanOrEqual(480);
  });

  it.each([
    [3, 0, 1],
    [-1, 0, 1],
    [0.5, 0, 1],
    [0, -1, 1],
    [0, 1, 100],
    [0, Number.NaN, 1],
  ])('refuses slot %d, at %d, %d bytes', (slot, at, length) => {
    const ring = keep(Ring.create(shape));
    expect(() => ring.writeIn(slot, at, Buffer.alloc(length))).toThrow(/ring of 3 slots/);
    expect(() => ring.readIn(slot, at, Buffer.alloc(length))).toThrow(/ring of 3 slots/);
  });

  it('refuses to open a file of another size, or none', () => {
    const ring = keep(Ring.create(shape));
    expect(() => Ring.open(ring.path, { ...shape, slots: 4 })).toThrow('expected 640 bytes, found 480');
    expect(() => Ring.open(`${ring.path}-not`, shape)).toThrow(/cannot be opened.*ENOENT/);
  });

  it('says so when the file shrank or the ring is closed', () => {
    const ring = keep(Ring.create(shape));
    truncateSync(ring.path, 50);
    expect(() => ring.readIn(1, 0, Buffer.alloc(10))).toThrow(/ends before/);
    ring.close();
    expect(() => ring.writeIn(0, 0, Buffer.alloc(1))).toThrow(/is closed/);
  });
});
