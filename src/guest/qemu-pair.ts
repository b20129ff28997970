import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { QmpClient } from '../engine/qmp/client';
import { temporaryFolder } from '../host/temporary';
import { WherryError, toFailure } from '../shared/failure';
import type { SamplePair } from '../shared/guest';
import { type QemuProcess, startQemu } from './qemu-process';
import { checkSampleSizes, fillMemory, isBanner, sampleImagePath, setSweepRate } from './qemu-sample';
import { SerialConsole } from './qemu-serial';

export { findQemu } from './qemu-binary';

const startTimeoutMs = 60_000;

/** One QEMU of a pair. */
export interface QemuSide {
  /** Address of its monitor. */
  readonly qmp: string;
  readonly process: QemuProcess;
  readonly serial: SerialConsole;
  /** File with everything its guest wrote to the serial port. */
  readonly serialLog: string;
}

/** A running guest in a QEMU and a QEMU waiting for it. */
export interface QemuPair extends SamplePair {
  readonly kind: 'qemu';
  readonly memoryBytes: number;
  readonly sides: { readonly source: QemuSide; readonly destination: QemuSide };
  /** The directory with all sockets and logs, which only we can enter; tests may put more there. */
  readonly directory: string;
}

/**
 * Two QEMUs under software emulation: one running the sample boot sector, one waiting for it, paused.
 * `rate` is in sweeps a second (see `setSweepRate`), `fillBytes` of memory are filled before this returns.
 * @throws WherryError `usage` for sizes out of range, `worker` when QEMU is missing or the guest does not come up
 */
export async function startQemuPair(options: {
  readonly memoryBytes: number;
  readonly rate?: number | 'max';
  readonly fillBytes?: number;
  readonly machine?: string;
}): Promise<QemuPair> {
  const { memoryBytes, rate = 0, fillBytes = 0, machine = 'pc' } = options;
  checkSampleSizes(memoryBytes, fillBytes);
  const image = `file=${sampleImagePath().replaceAll(',', ',,')},format=raw,if=floppy,readonly=on`;
  return startGuestPair({
    memoryBytes,
    args: ['-M', machine, '-boot', 'order=a', '-drive', image],
    isUp: isBanner,
    prepare: async (serial) => {
      if (fillBytes > 0) await fillMemory(serial, fillBytes);
      if (rate !== 0) await setSweepRate(serial, rate);
    },
  });
}

/**
 * A pair of QEMUs with any guest: `args` for both, `isUp` tells the serial line that shows it has booted, `prepare` is
 * done before the pair is handed out.
 */
export async function startGuestPair(options: {
  readonly memoryBytes: number;
  readonly args: readonly string[];
  readonly isUp: (line: string) => boolean;
  /** How long it may take to boot, 60 s if left out. */
  readonly bootTimeoutMs?: number;
  readonly prepare?: (serial: SerialConsole) => Promise<void>;
}): Promise<QemuPair> {
  const { bootTimeoutMs = startTimeoutMs } = options;
  const directory = await temporaryFolder();
  const undo: (() => Promise<void> | void)[] = [() => rm(directory, { recursive: true, force: true })];
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= undoAll(undo));
  const args = ['-accel', 'tcg', '-m', `${options.memoryBytes / 2 ** 20}M`, ...options.args];
  try {
    const source = await startSide(directory, 'source', args, undo);
    const up = orExit(source, source.serial.waitForLine(options.isUp, 'it to boot', bootTimeoutMs));
    up.catch(() => undefined); // told below, if nothing else goes wrong first
    const destination = await startSide(directory, 'destination', [...args, '-S', '-incoming', 'defer'], undo);
    await Promise.all([up, monitorAnswers(source), monitorAnswers(destination)]);
    if (options.prepare) await orExit(source, options.prepare(source.serial));
    const { memoryBytes } = options;
    const sides = { source, destination };
    return { kind: 'qemu', source: source.qmp, destination: destination.qmp, memoryBytes, sides, directory, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startSide(
  directory: string,
  name: 'source' | 'destination',
  args: readonly string[],
  undo: (() => Promise<void> | void)[],
): Promise<QemuSide> {
  const monitor = join(directory, `${name}.qmp`);
  const serialLog = join(directory, `${name}.log`);
  const serial = await SerialConsole.listen(join(directory, `${name}.tty`));
  undo.push(() => serial.close());
  const qmp = `unix:${monitor.replaceAll(',', ',,')},server=on,wait=off`;
  const process = await startQemu({ args: [...args, '-qmp', qmp, ...serial.qemuArgs(serialLog)] });
  undo.push(() => process.stop());
  return { qmp: `unix:${monitor}`, process, serial, serialLog };
}

/** Waits until somebody answers at a side's monitor; QEMU opens it at a moment of its own. */
async function monitorAnswers(side: QemuSide): Promise<void> {
  const deadline = performance.now() + startTimeoutMs;
  for (;;) {
    try {
      return (await orExit(side, QmpClient.connect(side.qmp))).close();
    } catch (error) {
      if (toFailure(error).code !== 'qmp-unreachable' || performance.now() > deadline) throw error;
    }
    await pause(20);
  }
}

/** `work`, unless the side's QEMU ends first. */
async function orExit<T>(side: QemuSide, work: Promise<T>): Promise<T> {
  const ended = side.process.exited.then((how) => {
    throw new WherryError('worker', `QEMU at ${side.qmp} ${how}`);
  });
  return Promise.race([work, ended]);
}

async function undoAll(undo: (() => Promise<void> | void)[]): Promise<void> {
  for (const task of undo.splice(0).reverse()) await task();
}
