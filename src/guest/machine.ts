import type { GuestMemory } from './memory';
import { VirtualCpu } from './virtual-cpu';
import type { WorkloadState } from './workload';

/** Run states by the names `query-status` uses. */
export type RunState = 'running' | 'paused' | 'inmigrate' | 'finish-migrate' | 'postmigrate';

/** Sends an event to everyone connected to the monitor. */
export type Emit = (event: string, data?: Readonly<Record<string, unknown>>) => void;

/** A guest: memory, one CPU, and the run state both stand in. */
export class Machine {
  readonly cpu: VirtualCpu;
  /** Whether a finished incoming migration starts the guest. */
  autostart = false;
  #runState: RunState;
  readonly #emit: Emit;

  constructor(
    readonly memory: GuestMemory,
    readonly workload: WorkloadState,
    initial: 'paused' | 'inmigrate',
    emit: Emit,
  ) {
    this.cpu = new VirtualCpu(memory, workload);
    this.#runState = initial;
    this.#emit = emit;
  }

  get runState(): RunState {
    return this.#runState;
  }

  /** Lets the guest run; emits RESUME. */
  run(): void {
    if (this.#runState === 'running') return;
    this.#runState = 'running';
    this.#emit('RESUME');
    this.cpu.start();
  }

  /** Stops the guest if it runs, which emits STOP. @returns whether it ran */
  pause(): boolean {
    return this.#halt('paused');
  }

  /** Stops the guest for the last part of a migration. @returns whether it ran, i.e. must run again if that fails */
  finishMigrate(): boolean {
    const ran = this.#halt('finish-migrate');
    this.#runState = 'finish-migrate';
    return ran;
  }

  /** Sets a run state in which the guest stands still. */
  settle(state: 'paused' | 'postmigrate'): void {
    this.cpu.stop();
    this.#runState = state;
  }

  #halt(into: RunState): boolean {
    if (this.#runState !== 'running') return false;
    this.cpu.stop();
    this.#runState = into;
    this.#emit('STOP');
    return true;
  }
}
