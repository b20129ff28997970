import { expect, it } from 'vitest';
import { systemText } from './system-text';

it('says in words what an operator can act on, and keeps the system’s own', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  expect(systemText(full)).toBe('the disk is full (ENOSPC: no space left on device, write)');
});

it.each(['EHOSTUNREACH', 'ENETUNREACH'])('says of %s what follows on "it cannot be reached"', (code) => {
  const text = systemText(Object.assign(new Error(`connect ${code} 192.0.2.1:4711`), { code }));
  expect(text).toMatch(/^there is no way to that (machine|network) \(connect /);
});

it('leaves alone what it has no words for', () => {
  expect(systemText(Object.assign(new Error('ELOOP: a loop'), { code: 'ELOOP' }))).toBe('ELOOP: a loop');
  expect(systemText(new Error('plain'))).toBe('plain');
  expect(systemText('text')).toBe('text');
});
