import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameTypes } from './frame';
import { arrivedBody, parseArrived, parsePong, pongBody } from './probe';

describe('what is said of a test', () => {
  it('has exactly these bytes', () => {
    expect(pongBody(1_700_000_000_000.5).toString('hex')).toBe('4278bcfe56800800');
    expect(arrivedBody({ bytes: 65_536, atMs: 12.25 }).toString('hex')).toBe('0000000000010000' + '4028800000000000');
    expect(pongBody(0)).toHaveLength(frameTypes.pong.maxBody);
    expect(arrivedBody({ bytes: 0, atMs: 0 })).toHaveLength(frameTypes.arrived.maxBody);
  });

  it('is read back as it was', () => {
    const atMs = fc.double({ min: -8.64e15, max: 8.64e15, noNaN: true });
    fc.assert(
      fc.property(atMs, fc.maxSafeNat(), (at, bytes) => {
        expect(parsePong(pongBody(at))).toBe(at);
        expect(parseArrived(arrivedBody({ bytes, atMs: at }))).toEqual({ bytes, atMs: at });
      }),
    );
  });

  it.each([NaN, Infinity, -Infinity, 8.65e15])('is refused at %d', (at) => {
    const refused = expect.objectContaining({ code: 'wire-protocol' }) as Error;
    expect(() => parsePong(pongBody(at))).toThrow(refused);
    expect(() => parseArrived(Buffer.concat([Buffer.alloc(8), pongBody(at)]))).toThrow(refused);
  });

  it('is refused for more bytes than can be counted', () => {
    expect(() => parseArrived(Buffer.concat([Buffer.alloc(8, 0xff), pongBody(1)]))).toThrow(/an arrival of/);
  });
});
