import { describe, expect, it } from 'vitest';
import { FormerVisits } from './visit';
import { newSecret, withSecret } from './wire/secret';

describe('visits that have ended', () => {
  it('are known by what their senders show, the last of them', () => {
    const former = new FormerVisits();
    const tokens = Array.from({ length: 129 }, newSecret);
    for (const streamToken of tokens) former.remember({ streamToken });
    const known = tokens.filter((token) => former.knows(withSecret(token, {})));
    expect(known).toEqual(tokens.slice(1));
    expect(former.knows(withSecret(newSecret(), {}))).toBe(false);
    expect(former.knows(Buffer.from('short'))).toBe(false);
  });
});
