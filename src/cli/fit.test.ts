import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { fit } from './fit';
import { writeTable } from './table';

const rows = [
  ['id', 'guest', 'outcome', 'on the wire', 'settings'],
  ['20260131T235959123Z-1a2b3c4d', 'unix:/run/libvirt/qemu/a-long-name.qmp', 'completed', '123 MB', 'zstd 1'],
];
const narrowing = { broken: 1, spare: [4, 3] };

/** What a terminal of so many columns is given; none for what is no terminal. */
function written(columns: number | undefined): readonly string[] {
  let text = '';
  const out = new Writable({ write: (chunk: Buffer, _encoding, done) => ((text += String(chunk)), done()) });
  const [head = [], ...body] = rows;
  writeTable(columns === undefined ? out : Object.assign(out, { isTTY: true, columns }), head, body, narrowing);
  return text.trimEnd().split('\n');
}

describe('a table that is too wide', () => {
  it('is left as it is where there is room, and where nobody looks at it', () => {
    expect(fit(rows, { ...narrowing, width: 102 })).toEqual(rows);
    expect(written(undefined)).toHaveLength(2);
    expect(written(undefined)[1]).toContain(rows[1]?.join('  ').slice(0, 60));
  });

  it('has long cells broken first, then columns left out in their order', () => {
    expect(fit(rows, { ...narrowing, width: 101 })[1]).toEqual([
      rows[1]?.[0],
      'unix:/run/libvirt/qemu/a-long-name.qm\np',
      ...(rows[1]?.slice(2) ?? []),
    ]);
    expect(fit(rows, { ...narrowing, width: 75 })[0]).toEqual(['id', 'guest', 'outcome', 'on the wire']);
    expect(fit(rows, { ...narrowing, width: 60 })[0]).toEqual(['id', 'guest', 'outcome']);
  });

  it.each([60, 80, 90, 100, 200])('keeps to %d columns, and to all of what it has to say', (columns) => {
    const lines = written(columns);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    expect(lines.join('').replace(/\s/g, '')).toContain('20260131T235959123Z-1a2b3c4d');
    expect(
      lines
        .slice(1)
        .map((line) => line.slice(30).split('  ')[0]?.trim())
        .join(''),
    ).toBe(rows[1]?.[1]);
  });

  it('has rows for a terminal that does not know its size', () => {
    for (const line of written(0)) expect(line.length).toBeLessThanOrEqual(80);
  });
});
