import { describe, expect, it } from 'vitest';
import { decodeDevice, deviceSectionBytes, encodeDevice } from './device-section';

const workload = { workload: 'erp', seed: 0xfedcba98, counter: 2 ** 40 + 3, rate: 20_000 } as const;

describe('the device section', () => {
  it('brings back what was written', () => {
    const bytes = encodeDevice({ workload, ran: true });
    expect(bytes.length).toBe(deviceSectionBytes);
    expect(decodeDevice(bytes)).toEqual({ workload, ran: true });
  });

  it('has exactly these bytes', () => {
    const head = '04000000030c7768657272792d67756573740000000000000001';
    const state = '02010000fedcba98000001000000000300004e20';
    expect(encodeDevice({ workload, ran: true }).toString('hex')).toBe(`${head}${state}7e0000000300`);
  });

  it('is refused when any byte of its frame is another', () => {
    const good = encodeDevice({ workload, ran: false });
    const state = { from: good.length - 26, to: good.length - 6 };
    for (let at = 0; at < good.length; at += 1) {
      if (at >= state.from && at < state.to) continue;
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ 1;
      expect(() => decodeDevice(bad)).toThrow("Device 'wherry-guest': expected");
    }
  });

  it.each([
    ['a workload nobody knows', 0, 9],
    ['a run flag of 2', 1, 2],
    ['padding', 2, 1],
    ['a counter past 2^53', 8, 1],
    ['a rate past the limit', 16, 0xff],
  ])('is refused for %s', (_what, at, value) => {
    const bad = encodeDevice({ workload, ran: false });
    bad[bad.length - 26 + at] = value;
    expect(() => decodeDevice(bad)).toThrow('expected');
  });

  it('is refused when it is cut off', () => {
    expect(() => decodeDevice(encodeDevice({ workload, ran: false }).subarray(0, -1))).toThrow('bytes, got');
  });
});
