import { describe, expect, it } from 'vitest';
import { destinationProblem, monitorProblem } from './destination';

const pairing = `wherry://far:4711?fingerprint=${'fe'.repeat(32)}&token=${'c0'.repeat(32)}`;

describe('destinationProblem', () => {
  it.each(['/run/b.qmp', 'unix:/run/b.qmp', 'tcp:far:4444', ` ${pairing}\n`])('has none with %s', (text) => {
    expect(destinationProblem(text, '/run/a.qmp')).toBeUndefined();
  });

  it('names what is taken, and what came', () => {
    expect(destinationProblem('far:4444')).toBe(
      'Destination: expected a QMP address (/path, unix:/path or tcp:host:port) or what a receiver gave out (wherry://…), got "far:4444"',
    );
  });

  it('does not repeat a pairing text that is none', () => {
    expect(destinationProblem(`${pairing}00`)).toMatch(/^Receiver: expected wherry:.*, got a token that is not 64/);
    expect(destinationProblem(`${pairing}00`)).not.toContain('c0c0');
  });

  it('is told of a receiver whose links are not encrypted', () => {
    expect(destinationProblem(pairing.replace(/fingerprint=\w+&/, ''))).toContain('no fingerprint');
  });

  it.each([
    ['/run/a.qmp', 'unix:/run/a.qmp'],
    ['tcp:far:4444', 'tcp:far:4444'],
  ])('has one with %s where the guest is at %s', (destination, source) => {
    expect(destinationProblem(destination, source)).toMatch(
      /^Destination: expected .* another QEMU.* the guest's own$/,
    );
  });
});

it('monitorProblem takes monitors only', () => {
  expect(monitorProblem(' /run/a.qmp ')).toBeUndefined();
  expect(monitorProblem('foo')).toBe('QMP address: expected /path, unix:/path or tcp:host:port, got "foo"');
  expect(monitorProblem(pairing)).toBeDefined();
});
