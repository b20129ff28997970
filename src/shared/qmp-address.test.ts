import { describe, expect, it } from 'vitest';
import { formatQmpAddress, parseQmpAddress } from './qmp-address';

describe('parseQmpAddress', () => {
  it.each([
    ['/run/a.sock', { kind: 'unix', path: '/run/a.sock' }, 'unix:/run/a.sock'],
    ['unix:/run/a:b,c', { kind: 'unix', path: '/run/a:b,c' }, 'unix:/run/a:b,c'],
    ['tcp:host.example:4444', { kind: 'tcp', host: 'host.example', port: 4444 }, 'tcp:host.example:4444'],
    ['tcp:[fe80::1%eth0]:1', { kind: 'tcp', host: 'fe80::1%eth0', port: 1 }, 'tcp:[fe80::1%eth0]:1'],
  ])('reads %s', (text, address, written) => {
    expect(parseQmpAddress(text)).toEqual(address);
    expect(formatQmpAddress(parseQmpAddress(text))).toBe(written);
  });

  it.each(['', 'run/a.sock', 'unix:', 'unix:a', '/a\0b', 'tcp:host', 'tcp::1', 'tcp:h:0', 'tcp:h:65536', 'tcp:::1:5'])(
    'refuses %j and names what it takes',
    (text) => {
      expect(() => parseQmpAddress(text)).toThrow(
        expect.objectContaining({ code: 'usage', message: expect.stringContaining('tcp:host:port') as unknown }),
      );
    },
  );
});
