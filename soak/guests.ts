import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { spawnChild } from '../src/cli/spawn-child';
import { QmpClient } from '../src/engine/qmp/client';
import { startBuiltinGuest } from '../src/guest/builtin-pair';
import { startQemu } from '../src/guest/qemu-process';
import { isBanner, sampleImagePath, setSweepRate } from '../src/guest/qemu-sample';
import { SerialConsole } from '../src/guest/qemu-serial';
import { temporaryFolder } from '../src/host/temporary';

/** A machine that runs a guest, or waits for one. */
export interface Machine {
  /** Its monitor. */
  readonly address: string;
  end(): Promise<void>;
}

export type Role = 'source' | 'destination';

/** Starts machines of one kind, all of the same size. */
export type StartMachine = (role: Role, memoryBytes: number) => Promise<Machine>;

/** The guest that comes with Wherry, each in a process of its own. */
export const startBuiltin: StartMachine = async (role, memoryBytes) => {
  const folder = await temporaryFolder();
  const qmpPath = join(folder, `${role}.qmp`);
  const guest = await startBuiltinGuest({ role, qmpPath, memoryBytes, workload: 'seed', seed: 1, spawn: spawnChild });
  return {
    address: `unix:${qmpPath}`,
    end: async () => {
      guest.worker.kill();
      await guest.exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** QEMU with the sample boot sector, which sweeps memory twenty times a second. */
export const startQemuMachine: StartMachine = async (role, memoryBytes) => {
  const folder = await temporaryFolder();
  const monitor = join(folder, `${role}.qmp`);
  const serial = await SerialConsole.listen(join(folder, 'serial'));
  const up = role === 'source' ? serial.waitForLine(isBanner, 'it to boot', 60_000) : Promise.resolve();
  const image = `file=${sampleImagePath()},format=raw,if=floppy,readonly=on`;
  const machine = ['-accel', 'tcg', '-m', `${memoryBytes / 2 ** 20}M`, '-M', 'pc', '-boot', 'order=a', '-drive', image];
  const waits = role === 'destination' ? ['-S', '-incoming', 'defer'] : [];
  const ports = ['-qmp', `unix:${monitor},server=on,wait=off`, ...serial.qemuArgs(join(folder, 'serial.log'))];
  const qemu = await startQemu({ args: [...machine, ...waits, ...ports] });
  await up;
  if (role === 'source') await setSweepRate(serial, 20);
  await answers(monitor);
  return {
    address: `unix:${monitor}`,
    end: async () => {
      await qemu.stop();
      serial.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** Resolves when the monitor answers; QEMU opens it at a moment of its own. */
async function answers(monitor: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return (await QmpClient.connect(monitor)).close();
    } catch (error) {
      if (tries === 200) throw error;
      await pause(50);
    }
  }
}
