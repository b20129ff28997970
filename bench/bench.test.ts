import { describe, expect, it } from 'vitest';
import { change, patternNames, patterns } from './codec/patterns';
import { benches } from './benches';
import { judge as judgeFlow } from './limiter';
import { judge, targets } from './targets';

describe('the benches', () => {
  it('have names of their own', () => {
    const names = benches.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('the targets', () => {
  it('each look at a bench that there is', () => {
    const names = benches.map(({ name }) => name);
    for (const { bench } of targets) expect(names).toContain(bench);
  });

  it('are met, missed, or not measured, and nothing else', () => {
    const result = (figures: Record<string, number>) => ({
      ...{ bench: 'relay', date: '', command: '', version: '', machine: {}, parameters: {} },
      figures,
    });
    const target = targets.find(({ figure }) => figure === 'wherryRatio');
    if (target === undefined) throw new Error('no such target');
    expect(judge(target, result({ wherryRatio: 0.5 }))).toBe('met');
    expect(judge(target, result({ wherryRatio: 0.49 }))).toBe('missed');
    expect(judge(target, result({}))).toBe('not measured');
    expect(judge(target, undefined)).toBe('not measured');
  });

  it('say nothing of the matrix from a part of it', () => {
    const [target] = targets.filter(({ figure }) => figure === 'geometricMean.1Gbit');
    if (target === undefined) throw new Error('no such target');
    const from = { bench: 'matrix', date: '', command: '', version: '', machine: {}, parameters: {} };
    const verdict = (cells: number) =>
      judge(target, { ...from, figures: { [target.figure]: 0.5, 'cells.1Gbit': cells } });
    expect([verdict(7), verdict(8)]).toEqual(['not measured', 'met']);
  });

  it("allow an idle guest 30 ms more than QEMU's own, which must be known", () => {
    const target = targets.find(({ figure }) => figure === 'idleDowntimeMs.wherry');
    if (target === undefined) throw new Error('no such target');
    const own = 'idleDowntimeMs.wherry';
    const verdict = (figures: Record<string, number>): boolean => target.holds(figures[own] ?? NaN, figures);
    expect(verdict({ [own]: 40, 'idleDowntimeMs.none': 10 })).toBe(true);
    expect(verdict({ [own]: 41, 'idleDowntimeMs.none': 10 })).toBe(false);
    expect(verdict({ [own]: 1 })).toBe(false);
  });
});

describe("the limiter's judge", () => {
  const steady = (steps: number): number[] => Array.from({ length: steps }, () => 10); // 1000 bytes a second

  it('finds a steady flow at its limit', () => {
    const { most, least, whole } = judgeFlow(steady(500), 1000);
    expect([most, least, whole]).toEqual([1, 1, 1]);
  });

  it('finds a burst in whatever second it falls, and a gap', () => {
    const flow = steady(500);
    flow[157] = 60;
    flow.fill(0, 250, 260);
    const { most, least, whole } = judgeFlow(flow, 1000);
    expect(most).toBeCloseTo(1.05, 12);
    expect(least).toBeCloseTo(0.9, 12);
    expect(whole).toBeCloseTo((350 * 10 + 50 - 100) / 3500, 12);
  });
});

describe('the patterns', () => {
  it('change the bytes of each page that they name, and no other', () => {
    for (const name of patternNames) {
      const memory = new Uint8Array(2 * 4096);
      change(memory, name);
      const changed = [...memory.entries()].filter(([, byte]) => byte !== 0).map(([at]) => at);
      expect(changed).toEqual([...patterns[name], ...patterns[name].map((at) => at + 4096)]);
    }
  });
});
