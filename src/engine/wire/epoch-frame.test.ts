import { describe, expect, it } from 'vitest';
import { methods } from '../../shared/settings';
import { epochBody, parseEpochBody, parsePartBody, partBody, partOverheadBytes } from './epoch-frame';
import { frameTypes } from './frame';

const head = { rawBytes: 0x01020304, digest: 0x1122334455667788n, shards: [0, 9, 254], tableBytes: 0x05060708 };

describe('an epoch frame', () => {
  it('has exactly these bytes', () => {
    const body = Buffer.concat([...epochBody({ ...head, method: 'zstd', table: Buffer.from([1, 2]) })]);
    expect(body.toString('hex')).toBe('01020304' + '1122334455667788' + '0003' + '03' + '05060708' + '0009fe' + '0102');
  });

  it.each(methods)('is read back with a table by %s, also an empty one', (method) => {
    for (const table of [Buffer.alloc(0), Buffer.from('table')]) {
      const body = Buffer.concat([...epochBody({ ...head, method, table })]);
      expect(body.length).toBeGreaterThanOrEqual(frameTypes.epoch.minBody);
      expect(parseEpochBody(body)).toEqual({ ...head, method, table });
    }
  });

  it('of no parts is read back, one too short for its parts is refused', () => {
    const bare = { ...head, method: 'none', shards: [], table: Buffer.alloc(0) } as const;
    const body = Buffer.concat([...epochBody(bare)]);
    expect(body).toHaveLength(frameTypes.epoch.minBody);
    expect(parseEpochBody(body)).toEqual(bare);
    body.writeUInt16BE(1, 12);
    expect(() => parseEpochBody(body)).toThrow('an epoch frame too short for its 1 parts');
  });

  it('with a method nobody has is refused', () => {
    const body = Buffer.concat([...epochBody({ ...head, method: 'none', table: Buffer.alloc(0) })]);
    for (const number of [0, methods.length + 1, 255]) {
      body.writeUInt8(number, 14);
      expect(() => parseEpochBody(body)).toThrow(`compression method number ${number}`);
    }
  });
});

describe('a part frame', () => {
  it('has exactly these bytes, and is read back', () => {
    const part = { method: 'none', pages: 0x0102, rawBytes: 0x03040506, frame: Buffer.from([9]) } as const;
    const body = Buffer.concat([...partBody(part)]);
    expect(body.toString('hex')).toBe('01' + '0102' + '03040506' + '09');
    expect(parsePartBody(body)).toEqual(part);
    expect(body).toHaveLength(partOverheadBytes + 1);
    expect(frameTypes.part.minBody).toBe(partOverheadBytes);
  });

  it('with a method nobody has is refused', () => {
    expect(() => parsePartBody(Buffer.alloc(7))).toThrow(expect.objectContaining({ code: 'wire-protocol' }));
  });
});
