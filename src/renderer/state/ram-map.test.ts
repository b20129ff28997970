import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxRamCells, ramClassNumber, resentBit } from '../../shared/ram-map';
import type { RamMapView } from '../../shared/ram-map';
import { blocksText, gridFor, readCell, sharesOf, sharesText } from './ram-map';

const { unsent, zero, xbzrle, compressed } = ramClassNumber;
const map: RamMapView = {
  layout: {
    blocks: [
      { name: 'pc.ram', bytes: 3 * 65_536, firstCell: 0 },
      { name: 'pc.bios', bytes: 4096, firstCell: 3 },
    ],
    cellBytes: 65_536,
    cells: 4,
  },
  cells: new Uint8Array([zero, xbzrle | resentBit, unsent, compressed]),
};

describe('a memory map', () => {
  it('has shares of its classes, in words', () => {
    const shares = sharesOf(map);
    expect(shares.classes).toEqual({
      unsent: 0.25,
      zero: 0.25,
      unchanged: 0,
      xbzrle: 0.25,
      compressed: 0.25,
      plain: 0,
    });
    expect(shares.resent).toBe(0.25);
    expect(sharesText(shares)).toBe(
      'Not yet sent 25 %, Zero 25 %, Unchanged 0 %, XBZRLE 25 %, Compressed 25 %, Plain 0 %; sent again in this round 25 %',
    );
  });

  it('reads a cell as block, addresses and class', () => {
    expect([0, 1, 2, 3, 4, -1].map((cell) => readCell(map, cell))).toEqual([
      'pc.ram 0x0–0xffff: zero',
      'pc.ram 0x10000–0x1ffff: XBZRLE, sent again in this round',
      'pc.ram 0x20000–0x2ffff: not yet sent',
      'pc.bios 0x0–0xfff: compressed',
      undefined,
      undefined,
    ]);
  });

  it('names its blocks, the largest first, and counts those it has no room for', () => {
    expect(blocksText(map)).toBe('pc.ram 192 KiB, pc.bios 4 KiB; a square is 64 KiB');
    const blocks = Array.from({ length: 9 }, (_, i) => ({ name: `rom-${i}`, bytes: 4096 * (i + 1), firstCell: i }));
    expect(blocksText({ ...map, layout: { ...map.layout, blocks } })).toMatch(/^rom-8 36 KiB, .* and 5 more;/);
  });
});

describe('gridFor', () => {
  it('fits any number of cells into any area with room for them', () => {
    const side = fc.integer({ min: 150, max: 4000 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: maxRamCells }), side, side, (cells, width, height) => {
        const { columns, rows, size } = gridFor(cells, width, height);
        expect(columns * rows).toBeGreaterThanOrEqual(cells);
        expect(columns * (rows - 1)).toBeLessThan(cells);
        expect(columns * size).toBeLessThanOrEqual(width);
        expect(rows * size).toBeLessThanOrEqual(height);
      }),
    );
  });

  it('never makes squares too small to see', () => {
    expect(gridFor(4096, 10, 10)).toMatchObject({ columns: 5, size: 2 });
  });
});
