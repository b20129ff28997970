import { describe, expect, it } from 'vitest';
import { parseStreamAddress } from './stream-address';

describe('parseStreamAddress', () => {
  it.each([
    ['unix:/run/a b.sock', { type: 'unix', path: '/run/a b.sock' }],
    ['tcp:10.0.0.1:4444', { type: 'inet', host: '10.0.0.1', port: 4444 }],
    ['tcp:[::1]:0', { type: 'inet', host: '::1', port: 0 }],
    ['tcp::4444', { type: 'inet', host: '', port: 4444 }],
  ])('reads %s', (uri, address) => {
    expect(parseStreamAddress(uri)).toEqual(address);
  });

  it.each(['', 'unix:', 'tcp:host', 'tcp:host:65536', 'tcp:host:x', 'exec:cat', 'fd:3', 'tcp:::1:5'])(
    'does not know %j',
    (uri) => {
      expect(parseStreamAddress(uri)).toBeUndefined();
    },
  );
});
