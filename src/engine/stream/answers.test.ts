import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerReader } from './answers';
import { pong, shut } from './write';

describe('what a destination answers', () => {
  it('is nothing at first', () => {
    expect(new AnswerReader()).toMatchObject({ talked: false, shut: undefined });
  });

  it('is read whatever the chunks', () => {
    const said = Buffer.concat([pong(1), shut(0)]);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: said.length })), (cuts) => {
        const reader = new AnswerReader();
        const at = [0, ...cuts.sort((a, b) => a - b), said.length];
        for (const [i, from] of at.entries()) reader.push(said.subarray(from, at[i + 1] ?? said.length));
        expect(reader).toMatchObject({ talked: true, shut: 0 });
      }),
    );
  });

  it('may be a refusal, or not final', () => {
    const refusing = new AnswerReader();
    refusing.push(shut(5));
    expect(refusing.shut).toBe(5);
    const talking = new AnswerReader();
    talking.push(pong(1));
    expect(talking).toMatchObject({ talked: true, shut: undefined });
  });

  it('is not believed behind what is no message', () => {
    const reader = new AnswerReader();
    reader.push(Buffer.from('ffffffff', 'hex'));
    reader.push(shut(0));
    expect(reader.shut).toBeUndefined();
  });
});
