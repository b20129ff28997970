import { describe, expect, it } from 'vitest';
import { formatPairing, parsePairing } from './pairing';

const token = 'c0ffee00'.repeat(8);

describe('a pairing text', () => {
  it.each(['127.0.0.1', 'far.example.org', 'host_1', '::1', 'fe80::1%2'])('is read back with host %s', (host) => {
    const pairing = { host, port: 4711, token };
    expect(parsePairing(formatPairing(pairing))).toEqual(pairing);
  });

  it.each([
    'wherry://far:4711',
    `wherry://far?token=${token}`,
    `wherry://far:0?token=${token}`,
    `wherry://far:65536?token=${token}`,
    `wherry://:4711?token=${token}`,
    `wherry://::1:4711?token=${token}`,
    'wherry://far:4711?token=short',
    `wherry://far:4711?token=${token}&more=1`,
    `wherry://user@far:4711?token=${token}`,
    `http://far:4711?token=${token}`,
    `tcp:far:4711`,
  ])('is not %s, and the refusal does not repeat the secret', (text) => {
    let refusal: unknown;
    try {
      parsePairing(text);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ code: 'usage' });
    expect(String(refusal)).not.toContain(token);
  });
});
