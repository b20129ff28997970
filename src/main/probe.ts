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

/** Longest anybody waits at the window for a guest to be added, ms. */
const probeMs = 5000;

/**
 * Asks a QMP address about its guest and hangs up again: a monitor serves one client at a time.
 * @throws WherryError `usage`, `qmp-unreachable`, `qmp-protocol`, `qmp-timeout` after `timeoutMs`
 */
export async function probeGuest(address: string, timeoutMs = probeMs): Promise<GuestFacts> {
  const connecting = QmpClient.connect(address, { timeoutMs });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `QMP at ${address}: no answer within ${timeoutMs / 1000} s; QEMU may be stopped or very busy`;
      reject(new WherryError('qmp-timeout', message));
    }, timeoutMs);
  });
  try {
    return await Promise.race([connecting.then(ask), late]);
  } finally {
    clearTimeout(timer);
    void connecting.then(
      (client) => client.close(),
      () => undefined,
    );
  }
}

async function ask(client: QmpClient): Promise<GuestFacts> {
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
