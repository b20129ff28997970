import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { QmpClient } from '../../src/engine/qmp/client';
import { type QemuProcess, startQemu } from '../../src/guest/qemu-process';
import { SerialConsole } from '../../src/guest/qemu-serial';

const monitorTimeoutMs = 30_000;

/** One QEMU with two monitors: one to look with all the time, and one to be driven by. */
export interface Side {
  /** Ours. */
  readonly monitor: QmpClient;
  /** Address of the other monitor. */
  readonly qmp: string;
  readonly process: QemuProcess;
  readonly serial: SerialConsole;
  /** When the guest was last stopped and last started here, ms since 1970 by QEMU's clock. */
  readonly times: { stopped?: number; resumed?: number };
  /** Ends it; safe to call twice. */
  end(): Promise<void>;
}

/** Starts a QEMU whose sockets and logs are in `directory` under `name`. */
export async function startSide(directory: string, name: string, args: readonly string[]): Promise<Side> {
  const [own, driven] = [join(directory, `${name}.own.qmp`), join(directory, `${name}.qmp`)];
  const log = join(directory, `${name}.log`);
  const serial = await SerialConsole.listen(join(directory, `${name}.tty`));
  const monitors = [own, driven].flatMap((path) => ['-qmp', `unix:${path},server=on,wait=off`]);
  const process = await startQemu({
    args: ['-accel', 'tcg', '-no-reboot', ...args, ...monitors, ...serial.qemuArgs(log)],
  });
  const end = async (): Promise<void> => {
    await process.stop();
    serial.close();
  };
  try {
    const monitor = await connected(own, process);
    const times: { stopped?: number; resumed?: number } = {};
    monitor.on(({ name: event, timestampMs }) => {
      if (event === 'STOP') times.stopped = timestampMs;
      if (event === 'RESUME') times.resumed = timestampMs;
    });
    return { monitor, qmp: `unix:${driven}`, process, serial, times, end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function connected(path: string, qemu: QemuProcess): Promise<QmpClient> {
  let ended: string | undefined;
  void qemu.exited.then((how) => (ended = how));
  const deadline = performance.now() + monitorTimeoutMs;
  for (;;) {
    try {
      return await QmpClient.connect(`unix:${path}`);
    } catch (error) {
      if (ended !== undefined) throw new Error(`QEMU ${ended}`, { cause: error });
      if (performance.now() > deadline) throw error;
    }
    await pause(20);
  }
}

/** Memory of these processes, each page's share of those that share it (PSS), in bytes; ended ones count nothing. */
export function pssOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    try {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
      return sum + Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
    } catch {
      return sum;
    }
  }, 0);
}
