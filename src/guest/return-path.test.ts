import { describe, expect, it } from 'vitest';
import { pong, shut } from '../engine/stream/write';
import { ReturnPathReader } from './return-path';

describe('ReturnPathReader', () => {
  const bytes = Buffer.concat([pong(1), shut(0)]);
  const messages = [
    { type: 'pong', value: 1 },
    { type: 'shut', status: 0 },
  ];

  it.each([1, 3, 8, 16])('reads messages in chunks of %i bytes', (size) => {
    const reader = new ReturnPathReader();
    const read = [];
    for (let at = 0; at < bytes.length; at += size) read.push(...reader.push(bytes.subarray(at, at + size)));
    expect(read).toEqual(messages);
  });

  it.each([
    ['a length nobody sends, before the payload is there', '00020fff'],
    ['a type that belongs to postcopy', '0004000400000000'],
    ['a SHUT of two bytes', '000100020000'],
  ])('refuses %s', (_what, hex) => {
    expect(() => new ReturnPathReader().push(Buffer.from(hex, 'hex'))).toThrow('Return path: expected');
  });
});
