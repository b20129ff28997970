import { describe, expect, it } from 'vitest';
import { maxBlockBytes } from './blocks';
import { bytes, page, rebuilt, seen, startOfRam } from './testing';
import { deviceHead, footer, openReturnPath, ramEnd, ramPart, ramSectionEnd, ramStart, streamHead } from './write';

const name = bytes('06 70 63 2e 72 61 6d');
const head = streamHead('pc');
const zeroPage = Buffer.concat([bytes('00 00 00 00 00 00 00 02'), name, bytes('00')]);
const part = Buffer.concat([ramPart(2), zeroPage, ramSectionEnd(2)]);
const whole = Buffer.concat([startOfRam(), part, ramEnd(2), ramSectionEnd(2)]);

/** What the rest is called opaque for, and that the bytes survive; `found` counts pages and zero pages. */
function outcome(...pieces: Uint8Array[]): { readonly reason: string | undefined; readonly found: number } {
  const stream = Buffer.concat(pieces);
  expect(rebuilt(stream, [5]).equals(stream)).toBe(true);
  const { items } = seen(stream, [5]);
  const found = items.filter((item) => item.startsWith('page') || item.startsWith('zero')).length;
  return { reason: items.at(-1)?.replace('opaque ', ''), found };
}

function subsection(title: string, fields: string): Buffer {
  const text = Buffer.from(title);
  return Buffer.concat([Buffer.of(5, text.length), text, bytes('00 00 00 01'), bytes(fields)]);
}

describe('header and configuration', () => {
  it.each(['51 45 56 4d 00 00 00 02', '16 03 01 02 00 01 00 01'])('%s is not a stream that can be read', (start) => {
    expect(outcome(bytes(start), whole)).toEqual({ reason: 'header', found: 0 });
  });

  it('refuses to hold a machine name of any length', () => {
    const start = bytes('51 45 56 4d 00 00 00 03 07 ff ff ff ff');
    expect(outcome(start, whole)).toEqual({ reason: 'configuration', found: 0 });
  });

  it('reads the subsections that QEMU has', () => {
    const uuid = subsection('configuration/uuid', '05'.repeat(16));
    const bits = subsection('configuration/target-page-bits', '00 00 00 0c');
    expect(outcome(head, bits, uuid, whole)).toEqual({ reason: 'ram-end', found: 1 });
  });

  it.each([
    ['configuration/target-page-bits', '00 00 00 0e', 'page-size'],
    ['configuration/capabilities', '00 00 00 01 0a 6d 61 70 70 65 64 2d 72 61 6d', 'capability'],
    ['configuration/other', '00', 'configuration'],
  ])('stops at %s %s', (title, fields, reason) => {
    expect(outcome(head, subsection(title, fields), whole)).toEqual({ reason, found: 0 });
  });

  it('reads an address behind every block under x-ignore-shared', () => {
    const capability = '0f' + Buffer.from('x-ignore-shared').toString('hex');
    const list = ramStart(2, [{ name: 'pc.ram', usedBytes: 4096 }]);
    const start = Buffer.concat([list, bytes('00 00 00 01 00 00 00 00'), ramSectionEnd(2)]);
    const shared = subsection('configuration/capabilities', `00 00 00 01 ${capability}`);
    expect(outcome(head, shared, start, part)).toEqual({ reason: 'truncated', found: 1 });
  });
});

describe('commands', () => {
  it.each(['06 00 00', '07 00 00', '08 00 00', '0c 00 00', '02 00 03', '01 00 01'])('stops at command %s', (rest) => {
    expect(outcome(head, bytes(`08 00 ${rest}`), whole)).toEqual({ reason: 'command-unknown', found: 0 });
  });

  it('goes on after an announcement of postcopy with 4 KiB pages only', () => {
    const advise = (size: string) => bytes(`08 00 03 00 10 ${size} 00 00 00 00 00 00 10 00`);
    expect(outcome(head, advise('00 00 00 00 00 00 10 00'), whole)).toEqual({ reason: 'ram-end', found: 1 });
    expect(outcome(head, advise('00 00 00 00 00 20 10 00'), whole)).toEqual({ reason: 'page-size', found: 0 });
    expect(outcome(head, bytes('08 00 03 00 00'), openReturnPath(), whole)).toEqual({ reason: 'ram-end', found: 1 });
  });
});

describe('sections', () => {
  const otherStart = bytes('01 00 00 00 03 05 62 6c 6f 63 6b 00 00 00 00 00 00 00 01');
  const ramVersion5 = bytes('01 00 00 00 02 03 72 61 6d 00 00 00 00 00 00 00 05');
  const early = (fields: string) =>
    Buffer.concat([deviceHead(9, '0000:00:03.0/virtio-mem-device-early', 0, 1), bytes(fields)]);

  it.each([
    ['another live section', [otherStart], 'section-unknown'],
    ['another version of ram', [ramVersion5], 'ram-version'],
    ['ram a second time', [startOfRam(), startOfRam()], 'section-unknown'],
    ['a part of an unknown section', [startOfRam(), ramPart(3)], 'section-unknown'],
    ['a footer of another section', [startOfRam().subarray(0, -1), bytes('03')], 'footer'],
    ['a missing footer', [startOfRam(), ramPart(2), ramSectionEnd(2).subarray(0, -5)], 'footer'],
    ['the end of the stream', [bytes('00')], 'section-unknown'],
    ['a device', [startOfRam(), deviceHead(7, 'timer', 0, 2)], 'device-state'],
  ])('stops at %s', (_label, pieces, reason) => {
    expect(outcome(head, ...pieces, whole)).toEqual({ reason, found: 0 });
  });

  it('stops at devices after a part: a background snapshot has no END', () => {
    expect(outcome(head, startOfRam(), part, early(''), whole)).toEqual({ reason: 'device-state', found: 1 });
  });

  it('passes over what virtio-mem says early', () => {
    const address = '00 00 00 01 00 00 00 00';
    const sizes = '00 00 00 00 10 00 00 00 00 00 00 00 00 20 00 00';
    const plugged = Buffer.concat([early(`${address} ${sizes} 00 00 00 00 ${address}`), page(5).subarray(0, 16)]);
    const rest = Buffer.concat([part, ramEnd(2), ramSectionEnd(2)]);
    expect(outcome(head, startOfRam(), plugged, footer(9), rest)).toEqual({ reason: 'ram-end', found: 1 });
    const noBlocks = early(`${address} ${address} 00 00 00 00 00 00 00 00 00 00 00 00 ${address}`);
    expect(outcome(head, startOfRam(), noBlocks, rest)).toEqual({ reason: 'device-state', found: 0 });
  });
});

describe('the block list', () => {
  const start = bytes('01 00 00 00 02 03 72 61 6d 00 00 00 00 00 00 00 04');
  it.each([
    ['starts with another word', '00 00 00 00 00 00 10 08'],
    ['is larger than a number can be', 'ff ff 00 00 00 00 10 04'],
    ['is more than its total', '00 00 00 00 00 00 10 04 01 61 00 00 00 00 00 00 20 00'],
    ['has a block without a name', '00 00 00 00 00 00 10 04 00 00 00 00 00 00 00 10 00'],
    ['has a block whose pages cannot be numbered', '00 01 00 00 00 00 10 04 01 61 00 01 00 00 00 00 10 00'],
    ['has a name twice', '00 00 00 00 00 00 20 04 01 61 00 00 00 00 00 00 10 00 01 61 00 00 00 00 00 00 10 00'],
  ])('stops when it %s', (_label, list) => {
    expect(outcome(head, start, bytes(list), whole)).toEqual({ reason: 'block-list', found: 0 });
  });

  it('stops when it does not end', () => {
    const list = Array.from({ length: 5000 }, (_, index) => ({ name: `b${index}`, usedBytes: 0 }));
    const endless = ramStart(2, [...list, { name: 'pc.ram', usedBytes: 4096 }]);
    expect(outcome(head, endless, whole)).toEqual({ reason: 'block-list', found: 0 });
  });
});

describe('records', () => {
  it.each([
    ['a name that is not listed', '00 00 00 00 00 00 00 02 01 78 00', 'block-unknown'],
    ['a continuation of nothing', '00 00 00 00 00 00 00 22 00', 'block-unknown'],
    ['a page behind its block', '00 00 00 00 04 00 00 02 06 70 63 2e 72 61 6d 00', 'page-offset'],
    ['a page far behind its block', 'ff ff ff ff ff ff f0 02 06 70 63 2e 72 61 6d 00', 'page-offset'],
    ['an old flag', '00 00 00 00 00 00 00 01', 'record-unknown'],
    ['two kinds at once', '00 00 00 00 00 00 00 0a', 'record-unknown'],
    ['an EOS that continues', '00 00 00 00 00 00 00 30', 'record-unknown'],
    ['no flag', '00 00 00 00 00 00 00 00', 'record-unknown'],
    ['another XBZRLE', '00 00 00 00 00 00 00 40 06 70 63 2e 72 61 6d 02 00 01 00', 'record-unknown'],
    ['a long XBZRLE', '00 00 00 00 00 00 00 40 06 70 63 2e 72 61 6d 01 10 01 00', 'record-unknown'],
    ['a long compressed page', '00 00 00 00 00 00 01 00 06 70 63 2e 72 61 6d 00 00 10 0f 00', 'record-unknown'],
  ])('stop at %s', (_label, record, reason) => {
    const stream = [head, startOfRam(), ramPart(2), bytes(record), page(0)];
    expect(outcome(...stream)).toEqual({ reason, found: 0 });
  });

  it('take the block from a record that is only passed on', () => {
    const named = bytes('00 00 00 00 00 00 00 40 04 70 63 2e 62 01 00 00');
    const { items } = seen(Buffer.concat([head, startOfRam(), ramPart(2), named, bytes('00 00 00 00 00 00 10 22 03')]));
    expect(items.slice(2)).toEqual(['zero 1 4096 3', 'opaque truncated']);
  });

  it('are read up to the last page of the longest block', () => {
    const list = [{ name: 'big', usedBytes: maxBlockBytes }];
    const last = bytes('00 00 ff ff ff ff f0 02 03 62 69 67 00');
    const stream = Buffer.concat([head, ramStart(7, list), ramSectionEnd(7), ramPart(7), last]);
    expect(seen(stream).items[1]).toBe(`zero 0 ${maxBlockBytes - 4096} named 0`);
  });

  it('keep offsets above 4 GiB', () => {
    const list = [{ name: 'big', usedBytes: 2 ** 42 }];
    const far = bytes('00 00 03 ff ff ff f0 02 03 62 69 67 00');
    const stream = Buffer.concat([head, ramStart(7, list), ramSectionEnd(7), ramPart(7), far]);
    expect(seen(stream).items[1]).toBe(`zero 0 ${2 ** 42 - 4096} named 0`);
    expect(rebuilt(stream)).toEqual(stream);
  });
});
