import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageBytes } from '../shared/settings';
import { OrderTableWriter, readOrderTable, type OrderVisitor } from './order-table';

type Item =
  | readonly ['declare', string]
  | readonly ['page', number, number, boolean]
  | readonly ['zero', number, number, boolean, number]
  | readonly ['raw', string];

function write(writer: OrderVisitor, item: Item): void {
  if (item[0] === 'declare') writer.declare(Buffer.from(item[1], 'hex'));
  else if (item[0] === 'raw') writer.raw(Buffer.from(item[1], 'hex'));
  else if (item[0] === 'page') writer.page(item[1], item[2] * pageBytes, item[3]);
  else writer.zero(item[1], item[2] * pageBytes, item[3], item[4]);
}

function tableOf(items: readonly Item[], writer = new OrderTableWriter()): Buffer {
  for (const item of items) write(writer, item);
  return writer.take().table;
}

function itemsOf(table: Uint8Array): Item[] {
  const items: Item[] = [];
  readOrderTable(table, {
    declare: (name) => items.push(['declare', Buffer.from(name).toString('hex')]),
    page: (block, offset, named) => items.push(['page', block, offset / pageBytes, named]),
    zero: (block, offset, named, fill) => items.push(['zero', block, offset / pageBytes, named, fill]),
    raw: (bytes) => items.push(['raw', Buffer.from(bytes).toString('hex')]),
  });
  return items;
}

const block = fc.oneof(fc.nat(3), fc.nat(4095));
/** Neighbours mostly, and now and then a page from far away. */
const page = fc.oneof({ weight: 5, arbitrary: fc.nat(6) }, fc.nat(2 ** 30), fc.constant(2 ** 36));
const hex = (maxLength: number) => fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('hex'));
const item: fc.Arbitrary<Item> = fc.oneof(
  fc.tuple(fc.constant('declare' as const), hex(255)),
  { weight: 6, arbitrary: fc.tuple(fc.constant('page' as const), block, page, fc.boolean()) },
  { weight: 6, arbitrary: fc.tuple(fc.constant('zero' as const), block, page, fc.boolean(), fc.nat(255)) },
  fc.tuple(fc.constant('raw' as const), hex(300)),
);

describe('an order table', () => {
  it('gives every item back in its order, table after table', () => {
    fc.assert(
      fc.property(fc.array(fc.array(item, { maxLength: 60 }), { maxLength: 4 }), (epochs) => {
        const writer = new OrderTableWriter();
        for (const items of epochs) expect(itemsOf(tableOf(items, writer))).toEqual(items);
      }),
    );
  });

  it('is a few bytes for a run, and for a page alone', () => {
    const run: Item[] = Array.from({ length: 1000 }, (_, i) => ['page', 0, 500 + i, false]);
    expect(tableOf(run).toString('hex')).toBe('02' + 'e807' + 'e807');
    expect(tableOf([['page', 0, 3, false]]).toString('hex')).toBe('02' + '06' + '01');
  });

  it.each<[string, Item[], string]>([
    ['raw bytes', [['raw', 'aabb']], '01' + '02' + 'aabb'],
    [
      'zero pages',
      [
        ['zero', 0, 0, false, 0],
        ['zero', 0, 1, false, 0],
      ],
      '03' + '00' + '02',
    ],
    ['another block', [['page', 300, 1, false]], '04' + 'ac02' + '02' + '02' + '01'],
    ['a name', [['declare', '7063']], '05' + '02' + '7063'],
    ['a named page', [['page', 0, 1, true]], '06' + '02'],
    ['a named zero page', [['zero', 0, 1, true, 9]], '07' + '02' + '09'],
    ['a page of another fill', [['zero', 0, 1, false, 9]], '08' + '02' + '09'],
    [
      'a step back',
      [
        ['page', 0, 5, true],
        ['page', 0, 2, true],
      ],
      '06' + '0a' + '06' + '07',
    ],
  ])('has exactly these bytes for %s', (_, items, bytes) => {
    expect(tableOf(items).toString('hex')).toBe(bytes);
  });

  it.each([0, 1, 127, 128, 255, 16_383, 16_384, 2 ** 21, 2 ** 28, 2 ** 35, 2 ** 36])('reaches page %d', (number) => {
    const items: Item[] = [
      ['page', 0, number, true],
      ['zero', 0, 0, true, 1],
      ['page', 0, number, false],
    ];
    expect(itemsOf(tableOf(items))).toEqual(items);
  });
});

/** A table from hexadecimal, and what reading it comes to. */
function refusal(hexadecimal: string): unknown {
  try {
    itemsOf(Buffer.from(hexadecimal, 'hex'));
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('a hostile table', () => {
  it.each([
    ['operation 0', '00', /operation 0/],
    ['an unknown operation', '09', /operation 9/],
    ['raw bytes beyond its end', '0105aa', /1 bytes left, 5 expected/],
    ['a name beyond its end', '05ff', /0 bytes left, 255 expected/],
    ['an entry cut short', '0200', /middle of an entry/],
    ['a number cut short', '0280', /middle of an entry/],
    ['a number without end', '02' + 'ff'.repeat(20), /over 2\^53/],
    ['a page before the first', '0601', /names page -1/],
    ['a page beyond any memory', '06' + '82808080800401', /names page/],
    ['a run without end', '0200' + 'ffffffffffff0f', /more than \d+ items/],
    ['many long runs', '0200ffff3f'.repeat(3), /more than \d+ items/],
  ])('with %s is refused', (_, table, message) => {
    expect(refusal(table)).toMatchObject({ code: 'codec', message: expect.stringMatching(message) as string });
  });

  it('is read or refused, whatever its bytes, and never makes more items than it may', () => {
    const operation = fc.tuple(fc.nat(9), fc.uint8Array({ maxLength: 9 })).map(([kind, rest]) => [kind, ...rest]);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.array(operation, { maxLength: 60 }).map((all) => Uint8Array.from(all.flat())),
    );
    fc.assert(
      fc.property(bytes, (table) => {
        let items = 0;
        const count = (): void => void (items += 1);
        try {
          readOrderTable(table, { declare: count, page: count, zero: count, raw: count });
        } catch (error) {
          expect(error).toMatchObject({ code: 'codec' });
        }
        expect(items).toBeLessThanOrEqual(2 ** 20 + table.length);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('what stands for zero pages', () => {
  const items: ((table: OrderTableWriter) => void)[] = [
    (table) => table.zero(0, 0, false, 0),
    (table) => table.zero(0, 4096, false, 0),
    (table) => table.zero(0, 8192, true, 0),
    (table) => table.zero(0, 12_288, false, 7),
  ];

  it('is all of a table that has nothing else', () => {
    const writer = new OrderTableWriter();
    for (const item of items) item(writer);
    const { table, zeroBytes } = writer.take();
    expect(zeroBytes).toBe(table.length);
    expect(writer.take().zeroBytes).toBe(0);
  });

  it('is none of what stands for other pages and bytes', () => {
    const writer = new OrderTableWriter();
    writer.page(0, 0, false);
    for (const item of items) item(writer);
    writer.raw(Buffer.from('abc'));
    const alone = new OrderTableWriter();
    alone.page(0, 0, false);
    alone.raw(Buffer.from('abc'));
    const { table, zeroBytes } = writer.take();
    expect(table.length - zeroBytes).toBe(alone.take().table.length);
  });
});
