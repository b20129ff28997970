import { describe, expect, it } from 'vitest';
import type { KnownGuest } from '../shared/contract';
import { WherryError } from '../shared/failure';
import type { SamplePair } from '../shared/guest';
import { Guests } from './guests';
import type { GuestFacts } from './probe';

const sample = { kind: 'builtin', memoryBytes: 2 ** 26, workload: 'seed' } as const;

/** A list of guests on a machine where `monitors` answer; `stopped` counts sample pairs that were ended. */
function setup(monitors: Record<string, GuestFacts>, found: string[] = []) {
  const seen = { published: [] as (readonly KnownGuest[])[], stopped: 0 };
  const guests = new Guests(
    {
      probe: (address) => {
        const facts = monitors[address];
        if (facts === undefined) return Promise.reject(new WherryError('qmp-unreachable', `nobody at ${address}`));
        return Promise.resolve(facts);
      },
      find: () => Promise.resolve([...found]),
      startSample: ({ kind }) =>
        Promise.resolve({
          kind,
          source: '/source',
          destination: '/destination',
          stop: () => Promise.resolve(void (seen.stopped += 1)),
        }),
    },
    (name, value) => {
      if (name === 'guests') seen.published.push(value as readonly KnownGuest[]);
    },
  );
  return { guests, seen, monitors };
}

const running = { status: 'running' };
const waiting = { status: 'inmigrate' };
const run = { guestId: 'guest-1', destination: '/destination' };

describe('Guests', () => {
  it('adds a guest under the name its QEMU has, or its socket', async () => {
    const { guests, seen } = setup({ '/run/a.qmp': { ...running, name: 'web' }, '/run/b.qmp': running });
    expect((await guests.add('/run/a.qmp')).name).toBe('web');
    expect((await guests.add('/run/b.qmp')).name).toBe('b.qmp');
    expect(seen.published.at(-1)).toEqual(guests.list());
  });

  it('refuses what does not answer and what it has already', async () => {
    const { guests } = setup({ '/a': running });
    await expect(guests.add('/b')).rejects.toThrow('nobody at /b');
    await guests.add('/a');
    await expect(guests.add('/a')).rejects.toThrow('/a is already here as a');
  });

  it('follows a guest to its destination', async () => {
    const { guests } = setup({ '/source': running, '/destination': running });
    await guests.startSample(sample);
    await guests.afterRun(run, 'destination');
    expect(guests.get('guest-1')).toMatchObject({ address: '/destination', status: 'running' });
    expect(guests.get('guest-1').destination).toBeUndefined();
  });

  it('stays with the source of a guest that has left for another machine', async () => {
    const { guests, monitors } = setup({ '/source': running });
    await guests.startSample(sample);
    monitors['/source'] = { status: 'postmigrate' };
    await guests.afterRun({ guestId: 'guest-1', destination: 'wherry://far:4711?token=…' }, 'destination');
    expect(guests.get('guest-1')).toMatchObject({ address: '/source', status: 'postmigrate' });
    expect(guests.get('guest-1').problem).toBeUndefined();
  });

  it('keeps a destination that still waits after a cancelled run, and forgets one that is gone', async () => {
    const { guests, monitors } = setup({ '/source': running, '/destination': waiting });
    await guests.startSample(sample);
    await guests.afterRun(run, 'source');
    expect(guests.get('guest-1')).toMatchObject({ address: '/source', destination: '/destination' });
    delete monitors['/destination'];
    await guests.afterRun(run, 'source');
    expect(guests.get('guest-1').destination).toBeUndefined();
  });

  it('shows why a guest does not answer any more, and asks nothing of one that is being migrated', async () => {
    const { guests, monitors } = setup({ '/a': running });
    await guests.add('/a');
    delete monitors['/a'];
    guests.setBusy(['/a']);
    await guests.refresh();
    expect(guests.get('guest-1')).toMatchObject({ status: 'running' });
    guests.setBusy([]);
    await guests.refresh();
    expect(guests.get('guest-1').problem).toEqual({ code: 'qmp-unreachable', message: 'nobody at /a' });
    expect(guests.get('guest-1').status).toBeUndefined();
  });

  it('lists what is found, follows its coming and going, and says what is wrong with it', async () => {
    const found = ['/run/a.qmp', '/run/libvirt/qemu/domain-1-db/monitor.sock'];
    const { guests } = setup({ '/run/a.qmp': { ...running, name: 'web' } }, found);
    await guests.refresh();
    await guests.refresh();
    expect(guests.list()).toMatchObject([
      { name: 'web', origin: 'found', status: 'running' },
      { name: 'db', origin: 'found', problem: { code: 'qmp-unreachable' } },
    ]);
    await expect(guests.add('unix:/run/a.qmp')).rejects.toThrow('is already here as web');
    found.pop();
    await guests.refresh();
    expect(guests.list()).toHaveLength(1);
  });

  it('keeps what is found while it is being migrated, and where it went', async () => {
    const found = ['/run/a.qmp', '/destination'];
    const { guests } = setup({ '/run/a.qmp': running, '/destination': running }, found);
    await guests.refresh();
    guests.setBusy(['/run/a.qmp', '/destination']);
    found.splice(0);
    await guests.refresh();
    expect(guests.list()).toHaveLength(2);
    guests.setBusy([]);
    await guests.afterRun(run, 'destination', 1e6);
    await guests.refresh();
    expect(guests.list()).toMatchObject([{ address: '/destination', origin: 'added', dirtyRate: 1e6 }]);
  });

  it('does not take a guest twice that was added before it was found', async () => {
    const { guests } = setup({ '/run/a.qmp': running }, ['/run/a.qmp']);
    await guests.add('/run/a.qmp').catch(() => undefined);
    await guests.refresh();
    expect(guests.list()).toMatchObject([{ origin: 'added' }]);
  });

  it('ends a sample once, when it is removed or at the end', async () => {
    const { guests, seen } = setup({ '/source': running });
    await guests.startSample(sample);
    guests.setBusy(['/source']);
    await expect(guests.remove('guest-1')).rejects.toThrow('is being migrated');
    guests.setBusy([]);
    await guests.remove('guest-1');
    await guests.stopAll();
    expect(seen.stopped).toBe(1);
    expect(() => guests.get('guest-1')).toThrow('no guest guest-1 here');
  });

  it('ends a sample that was still starting at the end, and starts no more', async () => {
    let started = (_: SamplePair): void => undefined;
    let stopped = 0;
    const pair: SamplePair = {
      kind: 'qemu',
      source: '/source',
      destination: '/destination',
      stop: () => Promise.resolve(void (stopped += 1)),
    };
    const startSample = (): Promise<SamplePair> => new Promise((resolve) => (started = resolve));
    const guests = new Guests(
      { probe: () => Promise.resolve(running), startSample, find: () => Promise.resolve([]) },
      () => undefined,
    );
    const starting = guests.startSample(sample);
    const refused = expect(starting).rejects.toThrow('the console is being closed');
    const ended = guests.stopAll();
    started(pair);
    await ended;
    await refused;
    expect(stopped).toBe(1);
    await expect(guests.startSample(sample)).rejects.toThrow('the console is being closed');
    expect(guests.list()).toEqual([]);
  });
});
