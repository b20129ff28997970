import { describe, expect, it } from 'vitest';
import type { LinkTest } from '../engine/link-test';
import { formatPairing } from '../shared/pairing';
import { LinkCalls } from './link-calls';

const pairing = { host: 'beta', port: 4711, fingerprint: 'ef'.repeat(32), token: 'ab'.repeat(32) };
const order = { destination: formatPairing(pairing), channels: 4, maxBandwidth: 5 };
const figures = {
  ...{ roundTripMs: 1, roundTripMedianMs: 2, throughput: 3, maxBandwidth: 5, channels: 4 },
  ...{ clockOffsetMs: 0, clockErrorMs: 1, bytes: 9 },
};

describe('a link test of the window', () => {
  it('is of the receiver that was typed, as it is to be used', async () => {
    const asked: unknown[] = [];
    const calls = new LinkCalls(
      () => false,
      (...words) => (asked.push(words), Promise.resolve({ figures, looks: [] })),
    );
    expect(await calls.testLink(order)).toEqual(figures);
    expect(asked).toEqual([[pairing, { channels: 4, maxBandwidth: 5 }]]);
  });

  it('comes one after the other, also after one that failed', async () => {
    let fail = (_: Error): void => undefined;
    const calls = new LinkCalls(
      () => false,
      () => new Promise<LinkTest>((_, reject) => (fail = reject)),
    );
    const first = calls.testLink(order);
    await expect(calls.testLink(order)).rejects.toMatchObject({ code: 'usage' });
    fail(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    const again = calls.testLink(order);
    fail(new Error('gone again'));
    await expect(again).rejects.toThrow('gone again');
  });

  it('is refused beside a migration, without encryption, and for what is no receiver', async () => {
    const never = (): never => expect.unreachable();
    const usage = { code: 'usage' };
    await expect(new LinkCalls(() => true, never).testLink(order)).rejects.toMatchObject(usage);
    const { fingerprint: _fingerprint, ...bare } = pairing;
    const calls = new LinkCalls(() => false, never);
    await expect(calls.testLink({ ...order, destination: formatPairing(bare) })).rejects.toMatchObject(usage);
    await expect(calls.testLink({ ...order, destination: '/run/vm.qmp' })).rejects.toMatchObject(usage);
  });
});
