import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyBytes, pageKey } from '../../codec/job';
import { op } from '../../codec/part-format';
import { maxRamCells, ramClassMask, ramClasses, resentBit } from '../../shared/ram-map';
import { pageBytes } from '../../shared/settings';
import { RamMap } from './ram-map';

const MiB = 2 ** 20;

function mapOf(...blocks: readonly (readonly [name: string, bytes: number])[]): RamMap {
  const map = new RamMap();
  for (const [name, bytes] of blocks) map.block(Buffer.from(name), bytes);
  return map;
}

/** The classes of the cells by name, with `*` where one has been sent in this round. */
function drawn(map: RamMap): string[] {
  return Array.from(
    map.cells(),
    (cell) => `${ramClasses[cell & ramClassMask] ?? '?'}${(cell & resentBit) > 0 ? '*' : ''}`,
  );
}

function keysOf(...pages: readonly (readonly [block: number, page: number])[]): Uint8Array {
  const keys = Buffer.alloc(pages.length * keyBytes);
  pages.forEach(([block, page], i) => keys.writeDoubleLE(pageKey(block, page), i * keyBytes));
  return keys;
}

describe('RamMap', () => {
  it('has nothing on it before the guest is known', () => {
    const map = new RamMap();
    map.mark(0, 0, 'zero');
    expect(map.layout).toEqual({ blocks: [], cellBytes: pageBytes, cells: 0 });
    expect(map.cells()).toHaveLength(0);
  });

  it('lays blocks out one after another, each in cells of its own', () => {
    const map = mapOf(['pc.ram', 64 * MiB], ['vga.vram', MiB], ['/rom@etc/acpi/rsdp', pageBytes]);
    expect(map.layout).toEqual({
      blocks: [
        { name: 'pc.ram', bytes: 64 * MiB, firstCell: 0 },
        { name: 'vga.vram', bytes: MiB, firstCell: 2048 },
        { name: '/rom@etc/acpi/rsdp', bytes: pageBytes, firstCell: 2080 },
      ],
      cellBytes: 8 * pageBytes,
      cells: 2081,
    });
    expect(map.layout).toBe(map.layout);
    map.mark(0, 7, 'zero');
    map.mark(0, 8, 'plain');
    map.mark(1, 255, 'xbzrle');
    map.mark(2, 0, 'unchanged');
    const cells = drawn(map);
    expect([cells[0], cells[1], cells[2], cells[2079], cells[2080]]).toEqual([
      'zero',
      'plain',
      'unsent',
      'xbzrle',
      'unchanged',
    ]);
  });

  it.each([
    [maxRamCells * pageBytes, pageBytes, maxRamCells],
    [maxRamCells * pageBytes + 1, 2 * pageBytes, maxRamCells / 2 + 1],
    [2 ** 36 * pageBytes, 2 ** 24 * pageBytes, maxRamCells],
  ])('of %d bytes has cells of %d bytes, %d of them', (bytes, cellBytes, cells) => {
    const map = mapOf(['pc.ram', bytes]);
    expect(map.layout).toMatchObject({ cellBytes, cells });
    map.mark(0, Math.ceil(bytes / pageBytes) - 1, 'plain');
    expect(drawn(map).at(-1)).toBe('plain');
  });

  it('stays bounded with as many blocks as a stream may name', () => {
    const map = mapOf(...Array.from({ length: maxRamCells }, (_, i) => [`block-${i}`, MiB * (i + 1)] as const));
    expect(map.layout.cells).toBe(maxRamCells);
    map.mark(maxRamCells - 1, 0, 'plain');
    expect(drawn(map).at(-1)).toBe('plain');
  });

  it('tells from opcode and method what became of a page', () => {
    const map = mapOf(['a', 5 * pageBytes], ['b', 2 ** 30]);
    const keys = keysOf([0, 0], [0, 1], [0, 2], [0, 3], [0, 4]);
    // The second block makes the cells large, so each page is looked at on its own.
    const alone = (i: number, method: 'zstd' | 'none'): string | undefined => {
      const code = String([op.full, op.fullStore, op.delta, op.unchanged, op.copy][i]);
      map.markPart(keys.subarray(i * keyBytes, (i + 1) * keyBytes), code, method);
      return drawn(map)[0];
    };
    expect([0, 1, 2, 3, 4].map((i) => alone(i, 'zstd'))).toEqual([
      'compressed',
      'compressed',
      'xbzrle',
      'unchanged',
      'unchanged',
    ]);
    expect([0, 2].map((i) => alone(i, 'none'))).toEqual(['plain', 'xbzrle']);
  });

  it('takes keys wherever they lie in memory, and no more than there are', () => {
    const map = mapOf(['a', 4 * pageBytes]);
    const shifted = Buffer.concat([Buffer.alloc(3), keysOf([0, 1], [0, 3])]).subarray(3);
    map.markPart(shifted, '333', 'none');
    expect(drawn(map)).toEqual(['unsent', 'xbzrle', 'unsent', 'xbzrle']);
  });

  it('knows what was sent again in the round at hand', () => {
    const map = mapOf(['a', 3 * pageBytes]);
    map.mark(0, 0, 'plain');
    map.mark(0, 1, 'plain');
    expect(drawn(map)).toEqual(['plain', 'plain', 'unsent']);
    map.nextRound();
    map.mark(0, 1, 'xbzrle');
    expect(drawn(map)).toEqual(['plain', 'xbzrle*', 'unsent']);
    const { changes } = map;
    map.nextRound();
    expect(map.changes).toBeGreaterThan(changes);
    expect(drawn(map)).toEqual(['plain', 'xbzrle', 'unsent']);
  });

  it('marks the cell that the layout says, for any page of any blocks', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 2 ** 24 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), (pages, a, b) => {
        const map = mapOf(...pages.map((count, i) => [`block-${i}`, count * pageBytes] as const));
        const block = a % pages.length;
        const page = b % (pages[block] ?? 1);
        map.mark(block, page, 'compressed');
        const { blocks, cellBytes, cells } = map.layout;
        expect(cells).toBeLessThanOrEqual(maxRamCells);
        const at = (blocks[block]?.firstCell ?? NaN) + Math.floor((page * pageBytes) / cellBytes);
        expect(map.cells().indexOf(4)).toBe(at);
      }),
    );
  });

  it('ignores a page or a block that is not there', () => {
    const map = mapOf(['a', 2 * pageBytes]);
    map.mark(0, 2, 'plain');
    map.mark(1, 0, 'plain');
    map.markPart(keysOf([7, 0]), '1', 'none');
    expect(drawn(map)).toEqual(['unsent', 'unsent']);
  });
});
