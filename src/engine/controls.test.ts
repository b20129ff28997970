import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../shared/settings';
import type { SessionState } from '../shared/state';
import { Controls } from './controls';
import { sourceDowntimeLimit } from './estimate';

/** Controls of a migration whose source takes down the downtime limits it is given. */
function controlled() {
  const limits: number[] = [];
  const given = { state: 'iterating' as SessionState, answer: () => Promise.resolve() };
  const controls = new Controls(defaultSettings, {
    state: () => given.state,
    sender: () => ({
      change: (settings) => Promise.resolve(settings),
      pause: () => undefined,
      resume: () => undefined,
    }),
    source: () => ({
      execute: async <T>(_command: string, parameters?: Readonly<Record<string, unknown>>): Promise<T> => {
        limits.push(Number(parameters?.['downtime-limit']));
        await given.answer();
        return {} as T;
      },
    }),
    cost: () => undefined,
    onChange: () => undefined,
  });
  return { controls, limits, given };
}

const planned = sourceDowntimeLimit(defaultSettings.downtimeLimitMs);
const settled = (): Promise<void> => new Promise((soon) => setImmediate(soon));

describe('steering the source', () => {
  it('gives it the share of its limit, and says nothing twice', async () => {
    const { controls, limits } = controlled();
    controls.steer(1);
    controls.steer(0.5);
    await settled();
    controls.steer(0.5);
    expect(limits).toEqual([Math.round(planned / 2)]);
  });

  it('does not wait in a queue for a source that does not answer', async () => {
    const { controls, limits, given } = controlled();
    let answer: () => void = () => undefined;
    given.answer = () => new Promise((resolve) => (answer = resolve));
    controls.steer(0.5);
    controls.steer(0.2);
    answer();
    await settled();
    controls.steer(0.2);
    expect(limits).toEqual([0.5, 0.2].map((share) => Math.round(planned * share)));
  });

  it('survives a source that refuses', async () => {
    const { controls, limits, given } = controlled();
    given.answer = () => Promise.reject(new Error('busy'));
    controls.steer(0.5);
    await settled();
    given.answer = () => Promise.resolve();
    controls.steer(0.5);
    await settled();
    controls.steer(0.5);
    expect(limits).toEqual([0.5, 0.5].map((share) => Math.round(planned * share)));
  });

  it('keeps the share when the operator changes the limit', async () => {
    const { controls, limits } = controlled();
    controls.steer(0.5);
    await controls.change({ downtimeLimitMs: 1000 });
    expect(limits.at(-1)).toBe(Math.round(sourceDowntimeLimit(1000) / 2));
  });

  it('plans with the new limit while the source has not yet answered to it', async () => {
    const { controls, limits, given } = controlled();
    const answers: (() => void)[] = [];
    given.answer = () => new Promise((resolve) => answers.push(resolve));
    const changed = controls.change({ downtimeLimitMs: 1000 });
    await settled();
    controls.steer(0.5);
    for (const answer of answers) answer();
    await changed;
    expect(limits.at(-1)).toBe(Math.round(sourceDowntimeLimit(1000) / 2));
  });

  it('lets a forced switchover be', async () => {
    const { controls, limits } = controlled();
    const forced = controls.forceSwitchover();
    await settled();
    controls.steer(0.5);
    await forced;
    controls.steer(0.4);
    expect(limits).toEqual([2_000_000]);
  });

  it('steers again when forcing was refused', async () => {
    const { controls, limits, given } = controlled();
    given.answer = () => Promise.reject(new Error('busy'));
    await expect(controls.forceSwitchover()).rejects.toThrow('busy');
    controls.steer(0.5);
    expect(limits).toEqual([2_000_000, Math.round(planned / 2)]);
  });

  it('leaves a source alone that has stopped the guest', () => {
    const { controls, limits, given } = controlled();
    given.state = 'switchover';
    controls.steer(0.5);
    expect(limits).toEqual([]);
  });
});
