import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPairing, parsePairing } from './pairing';

const token = 'c0ffee00'.repeat(8);
const fingerprint = '0123456789abcdef'.repeat(4);
const query = `fingerprint=${fingerprint}&token=${token}`;

function refusalOf(text: string): unknown {
  try {
    return parsePairing(text);
  } catch (error) {
    return error;
  }
}

describe('a pairing text', () => {
  it.each(['127.0.0.1', 'far.example.org', 'host_1', '::1', 'fe80::1%2'])('is read back with host %s', (host) => {
    for (const pairing of [
      { host, port: 4711, fingerprint, token },
      { host, port: 4711, token },
      { host, port: 4711, fingerprint, token, destination: 'web-1.b' },
    ])
      expect(parsePairing(formatPairing(pairing))).toEqual(pairing);
  });

  it.each([
    'wherry://far:4711',
    'wherry://far:4711?',
    `wherry://far:4711?fingerprint=${fingerprint}`,
    `wherry://far?${query}`,
    `wherry://far:0?${query}`,
    `wherry://far:65536?${query}`,
    `wherry://:4711?${query}`,
    `wherry://::1:4711?${query}`,
    `wherry://${'a'.repeat(254)}:4711?${query}`,
    'wherry://far:4711?token=short',
    `wherry://far:4711?token=${token}00`,
    `wherry://far:4711?token=${token.toUpperCase()}`,
    `wherry://far:4711?fingerprint=&token=${token}`,
    `wherry://far:4711?fingerprint=${fingerprint.slice(2)}&token=${token}`,
    `wherry://far:4711?${query}&more=1`,
    `wherry://far:4711?${query}&token=${token}`,
    `wherry://far:4711?${query}&__proto__=1`,
    `wherry://far:4711?${query}&`,
    `wherry://far:4711?${query}&destination=`,
    `wherry://far:4711?${query}&destination=../etc`,
    `wherry://far:4711?${query}&destination=-x`,
    `wherry://far:4711?${query}#x`,
    `wherry://far:4711?${query}\n`,
    `wherry://user@far:4711?${query}`,
    `wherry://far:4711/path?${query}`,
    `http://far:4711?${query}`,
    `tcp:far:4711`,
  ])('is not %s, and the refusal does not repeat the secret', (text) => {
    expect(refusalOf(text)).toMatchObject({ code: 'usage' });
    expect(String(refusalOf(text))).not.toContain(token);
  });

  it.each([
    [
      `wherry://far:4711?fingerprint=${fingerprint}`,
      'one without a token; on a command line it has to stand in quotes',
    ],
    ['wherry://far:4711', 'one without a token; on a command line it has to stand in quotes'],
    [`wherry://far:4711?fingerprint=${fingerprint}&token=abc`, 'a token that is not 64 hexadecimal digits'],
    [`wherry://far:4711?fingerprint=abc&token=${token}`, 'a fingerprint that is not 64 hexadecimal digits'],
    [`wherry://far:0?${query}`, 'another host, port or ending'],
  ])('that is %s is refused with what is wrong with it', (text, flaw) => {
    expect(refusalOf(text)).toMatchObject({ message: expect.stringMatching(`, got ${flaw}$`) as unknown });
  });

  it('is itself or refused, whatever is changed in it', () => {
    const text = formatPairing({ host: 'far', port: 4711, fingerprint, token });
    const change = fc.tuple(fc.nat(text.length), fc.nat(8), fc.string({ maxLength: 8, unit: 'binary' }));
    fc.assert(
      fc.property(change, ([at, cut, put]) => {
        const changed = text.slice(0, at) + put + text.slice(at + cut);
        const result = refusalOf(changed);
        if (result instanceof Error) expect(result).toMatchObject({ code: 'usage' });
        else expect(formatPairing(result as never).length).toBeLessThanOrEqual(changed.length + 1);
      }),
      { numRuns: 500 },
    );
  });
});
