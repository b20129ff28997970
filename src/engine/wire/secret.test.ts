import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NotShown, afterSecret, expectSecret, newSecret, shows, withSecret } from './secret';

const secret = 'a1'.repeat(32);

describe('a secret before a frame’s words', () => {
  it('is taken off, and what follows is left as it came', () => {
    expect(expectSecret(withSecret(secret, { channel: 3 }), secret).toString()).toBe('{"channel":3}');
    expect(afterSecret(withSecret(secret, {})).toString()).toBe('{}');
  });

  it.each([
    ['another', withSecret('b1'.repeat(32), {})],
    ['its text instead of its bytes', Buffer.from(`${secret}{}`)],
    ['one cut short', Buffer.from(secret.slice(2), 'hex')],
    ['none', Buffer.alloc(0)],
    ['one that comes later', Buffer.concat([Buffer.from('{'), withSecret(secret, {})])],
  ])('is refused as %s, and neither is repeated', (_, body) => {
    let refusal: unknown;
    try {
      expectSecret(body, secret);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(NotShown);
    expect(refusal).toMatchObject({ code: 'wire-refused' });
    expect(String(refusal)).not.toMatch(/[0-9a-f]{16}/);
  });

  it('is refused whatever else it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const body = Buffer.from(bytes);
        expect(shows(body, secret)).toBe(body.subarray(0, 32).toString('hex') === secret);
      }),
    );
  });

  it('is never one that anybody could show by mistake', () => {
    expect(() => shows(Buffer.alloc(32), '')).toThrow(/a secret of 0 bytes/);
    expect(newSecret()).toMatch(/^[0-9a-f]{64}$/);
    expect(newSecret()).not.toBe(newSecret());
  });
});
