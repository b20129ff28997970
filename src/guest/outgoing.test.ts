import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { StreamParser } from '../engine/stream/parser';
import { pong, shut } from '../engine/stream/write';
import type { DeviceState } from './device-section';
import { Loader } from './loader';
import { OutgoingMigration } from './outgoing';
import { bootedGuest, emptyGuest, listenSomewhere, type TestGuest, type TestListener } from './testing';
import { Tuning } from './tuning';

const listeners: TestListener[] = [];
const guests: TestGuest[] = [];

afterEach(() => {
  for (const listener of listeners.splice(0)) listener.close();
  for (const guest of guests.splice(0)) guest.machine.cpu.stop();
});

/** Migrates a running guest to whatever `accept` does with the connection. */
async function migrate(
  guest: TestGuest,
  accept: (socket: Socket) => void,
): Promise<{ readonly migration: OutgoingMigration; readonly over: Promise<void> }> {
  guests.push(guest);
  const listener = await listenSomewhere(accept);
  listeners.push(listener);
  const tuning = new Tuning();
  tuning.setCapabilities(['events', 'return-path'].map((capability) => ({ capability, state: true })));
  tuning.setParameters({ 'max-bandwidth': 0, 'downtime-limit': 10_000 });
  guest.machine.run();
  const migration = new OutgoingMigration(guest.machine, tuning, guest.emit);
  return { migration, over: migration.run({ type: 'unix', path: listener.path }) };
}

/** Loads the stream into a fresh guest and calls `then` when all of it has arrived. */
function loading(into: TestGuest, then: (socket: Socket, device: DeviceState) => void): (socket: Socket) => void {
  return (socket) => {
    const loader = new Loader(into.machine.memory, {
      returnPath: () => undefined,
      ping: (value) => socket.write(pong(value)),
      loaded: (device) => then(socket, device),
    });
    const parser = new StreamParser(loader);
    socket.on('data', (chunk) => parser.push(Buffer.from(chunk)));
  };
}

function waiting(): TestGuest {
  return emptyGuest({ workload: 'idle', seed: 0, counter: 0, rate: 0 });
}

describe('an outgoing migration', () => {
  it.each(['seed', 'erp', 'random'] as const)('brings over memory that is written meanwhile: %s', async (workload) => {
    const guest = bootedGuest(workload);
    const target = waiting();
    const arrived = { device: undefined as DeviceState | undefined };
    const { migration, over } = await migrate(
      guest,
      loading(target, (socket, device) => {
        arrived.device = device;
        socket.write(shut(0));
      }),
    );
    await over;
    expect(migration.status).toBe('completed');
    expect(guest.events).toEqual(['RESUME', 'setup', 'active', 'STOP', 'completed']);
    expect(guest.machine.runState).toBe('postmigrate');
    expect(target.machine.memory.bytes.equals(guest.machine.memory.bytes)).toBe(true);
    expect(arrived.device).toEqual({ workload: guest.machine.workload, ran: true });
    expect(migration.precopy?.syncs).toBeGreaterThan(1);
  });

  it.each([
    ['says it failed', (socket: Socket) => socket.write(shut(5))],
    ['goes away without a word', (socket: Socket) => socket.destroy()],
    ['says what nobody understands', (socket: Socket) => socket.write(Buffer.from('0009000400000000', 'hex'))],
  ])('resumes here when the destination has everything but %s', async (_what, answer) => {
    const guest = bootedGuest('idle');
    const { migration, over } = await migrate(guest, loading(waiting(), answer));
    await over;
    expect(guest.events).toEqual(['RESUME', 'setup', 'active', 'STOP', 'failed', 'RESUME']);
    expect(guest.machine.runState).toBe('running');
    expect(migration.report()['error-desc']).toContain('Return path');
  });

  it('never stops the guest for a destination that says it is done too early', async () => {
    const guest = bootedGuest('idle');
    const { over } = await migrate(guest, (socket) => socket.write(shut(0)));
    await over;
    expect(guest.events).toEqual(['RESUME', 'setup', 'active', 'failed']);
    expect(guest.machine.runState).toBe('running');
  });

  it('resumes here when cancelled while it waits for the last word', async () => {
    const guest = bootedGuest('idle');
    const { migration, over } = await migrate(
      guest,
      loading(waiting(), () => migration.cancel()),
    );
    await over;
    expect(guest.events).toEqual(['RESUME', 'setup', 'active', 'STOP', 'cancelling', 'RESUME', 'cancelled']);
    expect(guest.machine.runState).toBe('running');
  });

  it('lets the guest run on while the link stands still', async () => {
    const guest = bootedGuest('seed');
    const { migration, over } = await migrate(guest, (socket) => socket.pause());
    const { cpu } = guest.machine;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        const output = migration.precopy?.output;
        // Blocked: more was handed over than the system took.
        if (output !== undefined && output.queuedBytes > output.acceptedBytes + 200_000) resolve();
        else setTimeout(look, 1);
      };
      look();
    });
    const before = cpu.state.counter;
    await new Promise<void>((resolve) => {
      const look = (): void => (cpu.state.counter > before ? resolve() : void setTimeout(look, 1));
      look();
    });
    migration.cancel();
    await over;
    expect(guest.events).toEqual(['RESUME', 'setup', 'active', 'cancelling', 'cancelled']);
    expect(cpu.running).toBe(true);
  });

  it('leaves a paused guest paused, whether it fails or not', async () => {
    const guest = bootedGuest('idle');
    const { over } = await migrate(
      guest,
      loading(waiting(), (socket) => socket.destroy()),
    );
    guest.machine.pause();
    await over;
    expect(guest.events).toEqual(['RESUME', 'setup', 'STOP', 'active', 'failed']);
    expect(guest.machine.runState).toBe('paused');
  });
});
