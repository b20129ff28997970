import { Commands } from './commands';
import { Machine } from './machine';
import { GuestMemory } from './memory';
import type { OpenGuest } from './messages';
import { MonitorServer } from './monitor-server';
import { Tuning } from './tuning';
import { boot } from './workload';

/** What a guest asks of the process it lives in. */
export interface GuestHost {
  /** Ends the process; `message` says why when that is a failure. */
  exit(code: number, message?: string): void;
}

/** Becomes the guest described; resolves when its monitor listens and, for a source, the guest runs. */
export async function startGuest(options: OpenGuest, host: GuestHost): Promise<void> {
  const memory = new GuestMemory(options.memoryBytes);
  const { workload, seed, rate } = options;
  const state = { workload, seed, rate, counter: 0 };
  const source = options.role === 'source';
  if (source) boot(memory, state);

  const monitor: MonitorServer = new MonitorServer((name, args) => commands.execute(name, args));
  const emit = monitor.emit.bind(monitor);
  const machine = new Machine(memory, state, source ? 'paused' : 'inmigrate', emit);
  machine.autostart = !options.startPaused;
  const commands = new Commands({
    machine,
    tuning: new Tuning(),
    emit,
    quit: () => {
      machine.cpu.stop();
      emit('SHUTDOWN', { guest: false, reason: 'host-qmp-quit' });
      // The command's own answer is written before the sockets end.
      setImmediate(() => void monitor.close().then(() => host.exit(0)));
    },
    incomingFailed: (message) => host.exit(1, message && `load of migration failed: ${message}`),
  });
  await monitor.listen(options.qmpPath);
  if (source) machine.run();
}
