import { expect, it } from 'vitest';
import { isPairing, withoutToken } from './pairing-text';

it('tells a receiver’s address from a monitor’s', () => {
  expect(isPairing(' wherry://far:4711?token=ab')).toBe(true);
  expect(isPairing('/run/wherry://x')).toBe(false);
});

it('leaves out the secret, wherever it stands', () => {
  expect(withoutToken('wherry://far:4711?token=0123abcd')).toBe('wherry://far:4711?token=…');
  expect(withoutToken('wherry://far:4711?a=1&token=0123abcd&b=2')).toBe('wherry://far:4711?a=1&token=…&b=2');
  expect(withoutToken('/run/vm.qmp')).toBe('/run/vm.qmp');
});
