import * as v from 'valibot';
import { QmpClient } from '../engine/qmp/client';
import { queryMemoryBytes, queryStatus } from '../engine/qmp/migrate';
import { WherryError } from '../shared/failure';

/** What a QMP monitor says of its guest; what it does not answer is absent. */
export interface GuestFacts {
  readonly name?: string;
  readonly status: string;
  readonly memoryBytes?: number;
  readonly vcpus?: number;
}

const nameSchema = v.object({ name: v.optional(v.string()) });
const cpusSchema = v.array(v.unknown());

/**
 * Asks a QMP address about its guest and hangs up again: a monitor serves one client at a time.
 * @throws WherryError `usage`, `qmp-unreachable`, `qmp-protocol`
 */
export async function probeGuest(address: string): Promise<GuestFacts> {
  const client = await QmpClient.connect(address);
  try {
    const { status } = await queryStatus(client);
    const memoryBytes = await ifAnswered(queryMemoryBytes(client));
    const named = v.safeParse(nameSchema, await ifAnswered(client.execute('query-name')));
    const cpus = v.safeParse(cpusSchema, await ifAnswered(client.execute('query-cpus-fast')));
    return {
      status,
      ...(memoryBytes !== undefined && { memoryBytes }),
      ...(named.success && named.output.name !== undefined && { name: named.output.name }),
      ...(cpus.success && { vcpus: cpus.output.length }),
    };
  } finally {
    client.close();
  }
}

/** A command the monitor does not know leaves a gap, not a failure. */
async function ifAnswered<Value>(answer: Promise<Value>): Promise<Value | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof WherryError && error.code === 'qmp-command') return undefined;
    throw error;
  }
}
