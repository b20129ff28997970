import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameParser, frameHead, frameHeadBytes, isKept, type Frame, type Unfinished } from './frame';
import { withSecret } from './secret';
import { Outbox } from './outbox';

const frame = (name: number): Uint8Array[] => [Uint8Array.of(name)];
const refused = { code: 'wire-protocol' };

function written(outbox: Outbox): number[] {
  const names: number[] = [];
  for (let next = outbox.next(); next !== undefined; next = outbox.next()) {
    names.push(next[0]?.[0] as number);
    outbox.wrote();
  }
  return names;
}

describe('an outbox', () => {
  it('gives frames out in order, and again on another connection those that were not taken', () => {
    const outbox = new Outbox();
    for (const name of [1, 2, 3]) outbox.add(frame(name));
    expect(written(outbox)).toEqual([1, 2, 3]);
    outbox.release(1);
    outbox.rewind();
    outbox.add(frame(4));
    expect(written(outbox)).toEqual([2, 3, 4]);
    expect(outbox.bytes).toBe(3);
    outbox.release(4);
    expect(outbox).toMatchObject({ empty: true, bytes: 0 });
  });

  it('believes no count that cannot be, and keeps what it has then', () => {
    const outbox = new Outbox();
    for (const name of [1, 2, 3]) outbox.add(frame(name));
    outbox.wrote();
    outbox.wrote();
    expect(() => outbox.release(3)).toThrow(expect.objectContaining(refused) as Error);
    expect(() => outbox.release(2 ** 53)).toThrow(expect.objectContaining(refused) as Error);
    expect(() => outbox.release(NaN)).toThrow(expect.objectContaining(refused) as Error);
    outbox.release(2);
    expect(() => outbox.release(1)).toThrow(expect.objectContaining(refused) as Error);
    expect(written(outbox)).toEqual([3]);
  });
});

describe('frames over a link that is cut', () => {
  const body = (number: number): Buffer => Buffer.alloc(7 + (number % 5) * 40, number);

  /** Carries frames over one connection after the other, each of which passes so many bytes; what arrives, in order. */
  function carry(frames: number, cuts: readonly number[]): { readonly arrived: number[]; readonly bytes: number } {
    const outbox = new Outbox();
    for (let number = 0; number < frames; number++)
      outbox.add([frameHead('part', body(number).length, number), body(number)]);
    const taken: Frame[] = [];
    let unfinished: Unfinished | undefined;
    let sent = 0;
    for (const cut of [...cuts, Infinity]) {
      outbox.release(taken.length);
      outbox.rewind();
      const parser = new FrameParser('sender');
      const join = withSecret('ab'.repeat(32), {});
      parser.push(Buffer.concat([frameHead('join', join.length), join]));
      let skip = 0;
      if (unfinished !== undefined) {
        parser.goOn(unfinished);
        skip = frameHeadBytes + unfinished.body.length;
      }
      let left = cut;
      for (let next = outbox.next(); next !== undefined && left > 0; next = outbox.next()) {
        const piece = Buffer.concat(next).subarray(skip).subarray(0, left);
        skip = 0;
        left -= piece.length;
        sent += piece.length;
        taken.push(...parser.push(piece).filter(({ type }) => isKept(type)));
        outbox.wrote();
      }
      unfinished = parser.unfinished;
    }
    outbox.release(taken.length);
    expect(outbox.empty).toBe(true);
    for (const { epoch, body: got } of taken) expect(got.equals(body(epoch))).toBe(true);
    return { arrived: taken.map(({ epoch }) => epoch), bytes: sent };
  }

  it('arrive once each and in order, wherever it is cut', () => {
    const bytes = [0, 1, 2].reduce((sum, number) => sum + 20 + body(number).length, 0);
    for (let cut = 0; cut <= bytes; cut++) expect(carry(3, [cut]).arrived).toEqual([0, 1, 2]);
  });

  it('arrive once each and in order, however often it is cut', () => {
    const cuts = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 12 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), cuts, (frames, cuts) => {
        expect(carry(frames, cuts).arrived).toEqual(Array.from({ length: frames }, (_, number) => number));
      }),
    );
  });

  it('get there although no connection lives for a whole one, and no byte but of a head goes twice', () => {
    const whole = [0, 1, 2, 3, 4].reduce((sum, number) => sum + frameHeadBytes + body(number).length, 0);
    for (const cut of [21, 40, 100]) {
      const { arrived, bytes } = carry(
        5,
        Array.from({ length: 100 }, () => cut),
      );
      expect(arrived).toEqual([0, 1, 2, 3, 4]);
      expect(bytes).toBeLessThanOrEqual(whole + 5 * (frameHeadBytes - 1));
    }
  });
});
