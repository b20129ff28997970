import { writeFileSync } from 'node:fs';
import * as v from 'valibot';
import { IncomingMigration } from './incoming';
import type { Emit, Machine } from './machine';
import type { MigrationReport } from './migration-report';
import { parseArguments } from './monitor-codec';
import { version } from './monitor-server';
import { OutgoingMigration } from './outgoing';
import { QmpError, refusal } from './qmp-error';
import { parseStreamAddress, type StreamAddress } from './stream-address';
import type { Tuning } from './tuning';
import { maxRate } from './workload';

/** What the commands work on, and whom they tell. */
export interface CommandContext {
  readonly machine: Machine;
  readonly tuning: Tuning;
  readonly emit: Emit;
  /** The process was told to end. */
  readonly quit: () => void;
  /** An incoming migration failed; the process is of no more use. */
  readonly incomingFailed: (message?: string) => void;
}

const none = v.strictObject({});
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const address = v.strictObject({ uri: v.string(), detach: v.optional(v.boolean()) });
const capabilityList = v.strictObject({
  capabilities: v.array(v.strictObject({ capability: v.string(), state: v.boolean() })),
});
const range = v.strictObject({ val: whole, size: whole, filename: v.string() });
const rate = v.strictObject({ rate: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(maxRate)) });

/** The QMP commands of the built-in guest: those the engine uses on QEMU, and two of its own. */
export class Commands {
  readonly #context: CommandContext;
  readonly #table: ReadonlyMap<string, (args: unknown) => unknown>;
  #outgoing: OutgoingMigration | undefined;
  #incoming: IncomingMigration | undefined;

  constructor(context: CommandContext) {
    this.#context = context;
    const { machine, tuning } = context;
    const { workload } = machine;
    this.#table = new Map([
      command('query-status', none, () => this.#status()),
      command('query-version', none, () => version),
      command('query-name', none, () => ({ name: `built-in ${workload.workload}` })),
      command('query-memory-size-summary', none, () => ({ 'base-memory': machine.memory.ramBytes })),
      command('query-cpus-fast', none, () => [
        { 'cpu-index': 0, 'qom-path': '/machine/cpu[0]', 'thread-id': process.pid, target: 'x86_64' },
      ]),
      command('query-migrate-capabilities', none, () => tuning.capabilities()),
      command('migrate-set-capabilities', capabilityList, ({ capabilities }) => {
        if (this.#migrating) throw refusal("There's a migration process in progress");
        tuning.setCapabilities(capabilities);
      }),
      command('query-migrate-parameters', none, () => tuning.parameters()),
      command('migrate-set-parameters', v.record(v.string(), v.unknown()), (wanted) => tuning.setParameters(wanted)),
      command('query-migrate', none, () => this.#report()),
      command('migrate', address, ({ uri }) => this.#migrate(uri)),
      command('migrate-incoming', address, ({ uri }) => this.#migrateIncoming(uri)),
      command('migrate_cancel', none, () => this.#outgoing?.cancel()),
      command('stop', none, () => this.#stop()),
      command('cont', none, () => this.#cont()),
      command('pmemsave', range, ({ val, size, filename }) => this.#save(val, size, filename)),
      command('quit', none, () => context.quit()),
      command('x-wherry-workload', rate, (wanted) => {
        workload.rate = wanted.rate;
      }),
      command('x-wherry-counter', none, () => ({ ...workload })),
    ]);
  }

  /** Runs a command by its name. @throws QmpError */
  execute(name: string, args: unknown): unknown {
    const run = this.#table.get(name);
    if (run === undefined) throw new QmpError('CommandNotFound', `The command ${name} has not been found`);
    return run(args);
  }

  get #migrating(): boolean {
    return this.#outgoing !== undefined && !this.#outgoing.over;
  }

  #status(): unknown {
    const { runState } = this.#context.machine;
    return { running: runState === 'running', singlestep: false, status: runState };
  }

  #report(): MigrationReport {
    return (this.#outgoing ?? this.#incoming)?.report() ?? {};
  }

  #migrate(uri: string): void {
    const { machine, tuning, emit } = this.#context;
    if (this.#migrating) throw refusal("There's a migration process in progress");
    if (machine.runState === 'inmigrate') throw refusal('Guest is waiting for an incoming migration');
    if (machine.runState === 'postmigrate') {
      throw refusal("Can't migrate the vm that was paused due to previous migration");
    }
    const to = parseStreamAddress(uri);
    this.#outgoing = new OutgoingMigration(machine, tuning, emit);
    if (to === undefined) {
      this.#outgoing.fail(invalidUri);
      throw refusal(invalidUri);
    }
    void this.#outgoing.run(to);
  }

  async #migrateIncoming(uri: string): Promise<void> {
    const { machine, tuning, emit, incomingFailed } = this.#context;
    if (machine.runState !== 'inmigrate') throw refusal("'-incoming' was not specified on the command line");
    if (this.#incoming !== undefined) throw refusal('The incoming migration has already been started');
    const from = parseStreamAddress(uri);
    if (from === undefined) throw refusal(invalidUri);
    const incoming = new IncomingMigration(machine, tuning, emit, incomingFailed);
    this.#incoming = incoming;
    await this.#listen(incoming, from);
  }

  async #listen(incoming: IncomingMigration, from: StreamAddress): Promise<void> {
    try {
      await incoming.listen(from);
    } catch (error) {
      this.#incoming = undefined; // nothing has been started; another address may do
      throw error;
    }
  }

  #stop(): void {
    const { machine } = this.#context;
    if (machine.runState === 'inmigrate') machine.autostart = false;
    else machine.pause();
  }

  #cont(): void {
    const { machine } = this.#context;
    if (machine.runState === 'finish-migrate') throw refusal('Migration is not finalized yet');
    if (machine.runState === 'inmigrate') machine.autostart = true;
    else machine.run();
  }

  #save(start: number, size: number, filename: string): void {
    const { bytes } = this.#context.machine.memory;
    if (start + size > bytes.length) throw refusal(`Invalid addr 0x${start.toString(16)} specified`);
    try {
      writeFileSync(filename, bytes.subarray(start, start + size), { mode: 0o600 });
    } catch (error) {
      throw refusal(`Could not open '${filename}': ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

const invalidUri = "Parameter 'uri' expects a valid migration protocol";

/** An entry of the table: a name, what the command takes, and what it does. */
function command<Schema extends v.GenericSchema>(
  name: string,
  schema: Schema,
  run: (args: v.InferOutput<Schema>) => unknown,
): readonly [string, (args: unknown) => unknown] {
  return [name, (args) => run(parseArguments(schema, args))];
}
