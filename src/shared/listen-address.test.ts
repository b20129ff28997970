import { describe, expect, it } from 'vitest';
import { parseListenAddress } from './listen-address';

describe('where to listen', () => {
  it.each([
    ['0', '127.0.0.1', 0],
    [':4711', '127.0.0.1', 4711],
    ['0.0.0.0:4711', '0.0.0.0', 4711],
    ['far.example.org:1', 'far.example.org', 1],
    ['[::1]:65535', '::1', 65535],
  ])('%s', (text, host, port) => expect(parseListenAddress(text)).toEqual({ host, port }));

  it.each(['', 'far', 'far:', '::1:4711', 'far:65536', 'tcp:far:1', '-1', 'unix:/a'])('is not %s', (text) => {
    expect(() => parseListenAddress(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
