import { describe, expect, it } from 'vitest';
import { putPageHead, putZero, recordHeadBytes } from './format';
import { bytes } from './testing';
import { deviceHead, endOfStream, openReturnPath, ping, pong, ramEnd, ramPart } from './write';
import { ramSectionEnd, ramStart, shut, streamHead } from './write';

describe('the pieces of a stream', () => {
  const blocks = [
    { name: 'pc.ram', usedBytes: 0x4000000 },
    { name: 'pc.bios', usedBytes: 0x82000 },
  ];
  it.each([
    [
      'head',
      streamHead('pc-i440fx-7.2'),
      '51 45 56 4d 00 00 00 03 07 00 00 00 0d 70 63 2d 69 34 34 30 66 78 2d 37 2e 32',
    ],
    ['OPEN_RETURN_PATH', openReturnPath(), '08 00 01 00 00'],
    ['PING', ping(1), '08 00 02 00 04 00 00 00 01'],
    [
      'START of ram',
      ramStart(2, blocks),
      '01 00 00 00 02 03 72 61 6d 00 00 00 00 00 00 00 04 00 00 00 00 04 08 20 04' +
        '06 70 63 2e 72 61 6d 00 00 00 00 04 00 00 00 07 70 63 2e 62 69 6f 73 00 00 00 00 00 08 20 00',
    ],
    ['PART', ramPart(2), '02 00 00 00 02'],
    ['END', ramEnd(2), '03 00 00 00 02'],
    ['end of a ram section', ramSectionEnd(2), '00 00 00 00 00 00 00 10 7e 00 00 00 02'],
    ['device', deviceHead(0, 'timer', 0, 2), '04 00 00 00 00 05 74 69 6d 65 72 00 00 00 00 00 00 00 02'],
    ['EOF', endOfStream(), '00'],
    ['PONG', pong(1), '00 02 00 04 00 00 00 01'],
    ['SHUT', shut(0), '00 01 00 04 00 00 00 00'],
  ])('%s', (_label, written, expected) => {
    expect(written.toString('hex')).toBe(bytes(expected).toString('hex'));
  });
});

describe('records', () => {
  const name = Buffer.from('pc.ram');

  it('write the head of a page', () => {
    const target = Buffer.alloc(20);
    expect(putPageHead(target, 2, 0, name)).toBe(2 + recordHeadBytes(name));
    expect(target.subarray(2, 17)).toEqual(bytes('00 00 00 00 00 00 00 08 06 70 63 2e 72 61 6d'));
    expect(putPageHead(target, 0, 0x1_2345_6000, undefined)).toBe(recordHeadBytes(undefined));
    expect(target.subarray(0, 8)).toEqual(bytes('00 00 00 01 23 45 60 28'));
  });

  it('write a whole zero page', () => {
    const target = Buffer.alloc(16);
    expect(putZero(target, 0, 0x1000, undefined, 0)).toBe(9);
    expect(target.subarray(0, 9)).toEqual(bytes('00 00 00 00 00 00 10 22 00'));
    expect(putZero(target, 0, 0, name, 7)).toBe(16);
    expect(target).toEqual(bytes('00 00 00 00 00 00 00 02 06 70 63 2e 72 61 6d 07'));
  });
});
