import { describe, expect, it } from 'vitest';
import { Tuning } from './tuning';

describe('Tuning', () => {
  it('switches on what this guest has, and nothing else', () => {
    const tuning = new Tuning();
    expect(tuning.capabilities()).toHaveLength(21);
    tuning.setCapabilities([
      { capability: 'events', state: true },
      { capability: 'xbzrle', state: false },
    ]);
    expect(tuning.has('events')).toBe(true);
    const mixed = [
      { capability: 'return-path', state: true },
      { capability: 'xbzrle', state: true },
    ];
    expect(() => tuning.setCapabilities(mixed)).toThrow("Capability 'xbzrle' is not supported");
    expect(tuning.has('return-path')).toBe(false);
    expect(() => tuning.setCapabilities([{ capability: 'teleport', state: false }])).toThrow('Invalid parameter');
  });

  it('takes parameters of the right type and range, all or none', () => {
    const tuning = new Tuning();
    expect(tuning.parameters()).toMatchObject({ 'max-bandwidth': 134217728, 'downtime-limit': 300 });
    tuning.setParameters({ 'max-bandwidth': 0, 'cpu-throttle-tailslow': true });
    expect(tuning.number('max-bandwidth')).toBe(0);
    expect(tuning.tailslow).toBe(true);
    expect(() => tuning.setParameters({ 'downtime-limit': 1, 'max-bandwidth': -1 })).toThrow('between 0 and');
    expect(() => tuning.setParameters({ 'downtime-limit': 1.5 })).toThrow('expected: integer');
    expect(() => tuning.setParameters({ 'cpu-throttle-tailslow': 1 })).toThrow('expected: boolean');
    expect(() => tuning.setParameters({ warp: 9 })).toThrow("Parameter 'warp' is unexpected");
    expect(tuning.number('downtime-limit')).toBe(300);
  });
});
