import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ReceiveOptions } from '../engine/receive-server';
import type { VisitProgress } from '../engine/visit';
import { WherryError } from '../shared/failure';
import type { ReceiverView } from '../shared/receiving';
import type { WorkerHandle } from '../shared/worker';
import { Receiving } from './receiving';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const order = { listen: ':4711', destination: '/run/dst.qmp' };
const visit: VisitProgress = {
  number: 1,
  kind: 'migrate',
  from: '10.0.0.7',
  startedAt: 1000,
  phase: 'receiving',
  deliveredBytes: 0,
};

function spawn(): WorkerHandle {
  throw new Error('nothing is received here');
}

/** A receiver whose senders are what the test says. */
function setup(refusal?: WherryError) {
  const seen = { views: [] as ReceiverView[], closed: 0 };
  const server = { here: [] as VisitProgress[], options: undefined as ReceiveOptions | undefined };
  const receiving = new Receiving(
    (options) => {
      server.options = options;
      if (refusal !== undefined) return Promise.reject(refusal);
      return Promise.resolve({
        pairingText: 'wherry://here:4711?token=ab',
        visits: () => server.here,
        close: () => Promise.resolve(void (seen.closed += 1)),
      });
    },
    spawn,
    (name, value) => {
      if (name === 'receiver') seen.views.push(value as ReceiverView);
    },
    () => 9000,
  );
  return { receiving, server, seen };
}

describe('Receiving', () => {
  it('listens where it was told to and gives out the pairing text', async () => {
    const { receiving, server, seen } = setup();
    await receiving.start(order);
    expect(server.options).toMatchObject({
      host: '127.0.0.1',
      port: 4711,
      destinations: [{ address: '/run/dst.qmp' }],
    });
    expect(receiving.current()).toEqual({ ...order, pairing: 'wherry://here:4711?token=ab', visits: [], notices: [] });
    expect(seen.views).toEqual([receiving.current()]);
  });

  it('says why it cannot, and can be asked again', async () => {
    const { receiving } = setup(new WherryError('wire-closed', 'another program has this port'));
    for (let i = 0; i < 2; i++) await expect(receiving.start(order)).rejects.toThrow('another program has this port');
    expect(receiving.current()).toBeUndefined();
  });

  it('is one at a time', async () => {
    const { receiving } = setup();
    const first = receiving.start(order);
    await expect(receiving.start(order)).rejects.toThrow('running already');
    await first;
    await expect(receiving.start(order)).rejects.toThrow('running already');
    await receiving.stop();
    await receiving.start(order);
  });

  it('follows a sender from its stream to its end', async () => {
    const { receiving, server, seen } = setup();
    await receiving.start(order);
    vi.advanceTimersByTime(5000);
    expect(seen.views).toHaveLength(1); // nobody here: nothing to tell
    server.here = [visit];
    vi.advanceTimersByTime(500);
    server.here = [{ ...visit, deliveredBytes: 4_000_000 }];
    vi.advanceTimersByTime(500);
    expect(receiving.busy()).toBe(true);
    expect(receiving.current()?.visits).toEqual([{ ...visit, deliveredBytes: 4_000_000, rate: 8_000_000 }]);
    server.here = [];
    const { phase: _phase, ...facts } = visit;
    server.options?.onVisitEnd({ ...facts, deliveredBytes: 5_000_000, status: 'delivered' });
    vi.advanceTimersByTime(500);
    expect(receiving.busy()).toBe(false);
    expect(receiving.current()?.visits).toEqual([
      { ...facts, deliveredBytes: 5_000_000, phase: 'arrived', endedAt: 9000 },
    ]);
  });

  it('keeps why a guest did not arrive, the newest first', async () => {
    const { receiving, server } = setup();
    await receiving.start(order);
    const { phase: _phase, ...facts } = visit;
    const error = { code: 'wire-closed', message: 'the link was lost' } as const;
    server.options?.onVisitEnd({ ...facts, status: 'failed', error });
    server.options?.onVisitEnd({ ...facts, number: 2, status: 'delivered' });
    expect(receiving.current()?.visits).toMatchObject([
      { number: 2, phase: 'arrived' },
      { number: 1, phase: 'failed', error },
    ]);
  });

  it('forgets a sender that left before its stream, and keeps what was said of it', async () => {
    const { receiving, server } = setup();
    await receiving.start(order);
    server.here = [{ ...visit, phase: 'connected' }];
    vi.advanceTimersByTime(500);
    server.here = [];
    server.options?.onNotice('a sender has left before its stream');
    vi.advanceTimersByTime(500);
    expect(receiving.current()).toMatchObject({
      visits: [],
      notices: [{ at: 9000, text: 'a sender has left before its stream' }],
    });
  });

  it('bounds what it keeps, whatever comes', async () => {
    const { receiving, server } = setup();
    await receiving.start(order);
    const { phase: _phase, ...facts } = visit;
    for (let number = 1; number <= 200; number++) {
      server.options?.onVisitEnd({ ...facts, number, status: 'failed' });
      server.options?.onNotice(`refused ${number}`);
    }
    expect(receiving.current()?.visits).toHaveLength(50);
    expect(receiving.current()?.notices).toHaveLength(50);
    expect(receiving.current()?.visits[0]?.number).toBe(200);
  });

  it('takes the secret back when it is stopped', async () => {
    const { receiving, seen } = setup();
    await receiving.stop();
    await receiving.start(order);
    await receiving.stop();
    expect(seen.closed).toBe(1);
    expect(receiving.current()).toEqual({ ...order, visits: [], notices: [] });
  });
});
