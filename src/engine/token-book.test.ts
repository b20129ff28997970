import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TokenBook } from './token-book';
import { NotShown, newSecret, withSecret } from './wire/secret';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const shown = (token: string): Buffer => withSecret(token, {});

function refusalOf(book: TokenBook, token: string): unknown {
  try {
    return book.claim(shown(token));
  } catch (error) {
    return error;
  }
}

describe('a lasting token', () => {
  it('lets everybody in who shows it, at any time and at once', () => {
    const token = newSecret();
    const book = new TokenBook({ kind: 'lasting', token }, () => expect.unreachable());
    expect(book.token).toBe(token);
    const claims = [book.claim(shown(token)), book.claim(shown(token))];
    for (const claim of claims) claim.use();
    expect(() => book.claim(shown(token))).not.toThrow();
    expect(refusalOf(book, newSecret())).toBeInstanceOf(NotShown);
  });
});

describe('a one-time token', () => {
  it('lets one sender in, and nobody once it was used', () => {
    const onNew = vi.fn();
    const book = new TokenBook({ kind: 'once' }, onNew);
    const first = book.token;
    const claim = book.claim(shown(first));
    expect(refusalOf(book, first)).toMatchObject({
      code: 'wire-refused',
      message: expect.stringMatching(/already/) as string,
    });
    expect(refusalOf(book, first)).not.toBeInstanceOf(NotShown);
    claim.use();
    expect(onNew).toHaveBeenCalledOnce();
    expect(book.token).not.toBe(first);
    expect(refusalOf(book, first)).toBeInstanceOf(NotShown);
    expect(String(refusalOf(book, first))).toContain('has been used, or has expired');
    expect(String(refusalOf(book, newSecret()))).toContain('use the pairing text that it printed last');
    expect(() => book.claim(shown(book.token))).not.toThrow();
  });

  it('is good for another try when its sender goes before its migration begins', () => {
    const book = new TokenBook({ kind: 'once' }, () => expect.unreachable());
    const claim = book.claim(shown(book.token));
    claim.release();
    const again = book.claim(shown(book.token));
    claim.release(); // is over: it has no say in the second one
    expect(refusalOf(book, book.token)).toMatchObject({ code: 'wire-refused' });
    again.release();
  });

  it('expires, and its holder cannot make its successor useless', () => {
    const onNew = vi.fn();
    const book = new TokenBook({ kind: 'once', lifetimeMs: 60_000 }, onNew);
    const first = book.token;
    vi.advanceTimersByTime(59_999);
    const claim = book.claim(shown(first));
    vi.advanceTimersByTime(1);
    expect(onNew).toHaveBeenCalledOnce();
    expect(refusalOf(book, first)).toBeInstanceOf(NotShown);
    const second = book.token;
    claim.use();
    expect(book.token).toBe(second);
    vi.advanceTimersByTime(60_000);
    expect(book.token).not.toBe(second);
    book.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is remembered only so long', () => {
    const book = new TokenBook({ kind: 'once' }, () => undefined);
    const first = book.token;
    for (let i = 0; i < 65; i++) book.claim(shown(book.token)).use();
    expect(String(refusalOf(book, first))).toContain('use the pairing text that it printed last');
  });
});

describe('who only looks', () => {
  it('claims nothing, is told when the token is another, and is refused beside who has claimed it', () => {
    const book = new TokenBook({ kind: 'once' }, () => undefined);
    const first = shown(book.token);
    const stillFirst = book.judge(first);
    book.judge(first);
    expect(stillFirst()).toBe(true);
    const claim = book.claim(first);
    expect(() => book.judge(first)).toThrow(/connected already/);
    expect(stillFirst()).toBe(true);
    claim.use();
    expect(stillFirst()).toBe(false);
    expect(() => book.judge(first)).toThrow(NotShown);
    expect(() => book.judge(shown(newSecret()))).toThrow(NotShown);
    expect(book.judge(shown(book.token))()).toBe(true);
  });
});
