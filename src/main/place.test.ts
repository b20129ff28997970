import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitPlace, type Place } from './place';

const left: Place = { x: 0, y: 0, width: 1920, height: 1080 };
const right: Place = { x: 1920, y: 0, width: 2560, height: 1400 };

describe('fitPlace', () => {
  it('leaves a window where it was', () => {
    const place = { x: 2000, y: 100, width: 1280, height: 860 };
    expect(fitPlace(place, [left, right])).toEqual(place);
  });

  it('brings back one whose screen is gone', () => {
    const place = { x: 2000, y: 100, width: 1280, height: 860 };
    expect(fitPlace(place, [left])).toEqual({ x: 320, y: 110, width: 1280, height: 860 });
  });

  it.each([
    ['above', { x: 100, y: -500, width: 1280, height: 860 }],
    ['below', { x: 100, y: 1070, width: 1280, height: 860 }],
    ['far away', { x: 1e9, y: 1e9, width: 1280, height: 860 }],
  ])('brings back one that is %s', (_, place) => {
    expect(fitPlace(place, [left])).toEqual({ x: 320, y: 110, width: 1280, height: 860 });
  });

  it('makes one smaller that is larger than its screen', () => {
    expect(fitPlace({ x: 0, y: 0, width: 9000, height: 9000 }, [left])).toEqual(left);
  });

  it('brings back one that loses its hold by being made smaller', () => {
    expect(fitPlace({ x: -9000, y: 10, width: 10_000, height: 860 }, [left])).toEqual({ ...left, y: 110, height: 860 });
  });

  it('always ends where its top can be grasped', () => {
    const any = fc.record({
      x: fc.integer({ min: -1e6, max: 1e6 }),
      y: fc.integer({ min: -1e6, max: 1e6 }),
      width: fc.integer({ min: 200, max: 1e5 }),
      height: fc.integer({ min: 200, max: 1e5 }),
    });
    fc.assert(
      fc.property(any, (place) => {
        const { x, y, width } = fitPlace(place, [left, right]);
        const seen = [left, right].some(
          (s) => Math.min(x + width, s.x + s.width) - Math.max(x, s.x) >= 120 && y >= s.y && y + 24 <= s.y + s.height,
        );
        expect(seen).toBe(true);
      }),
    );
  });
});
