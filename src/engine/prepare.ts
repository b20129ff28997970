import { WherryError, asWherryError } from '../shared/failure';
import type { MigrationSettings } from '../shared/settings';
import { sourceDowntimeLimit } from './estimate';
import type { Far, FarFacts } from './far';
import type { Outcome } from './outcome';
import type { QmpClient } from './qmp/client';
import { queryCapabilities, queryMemoryBytes, queryMigrate, queryStatus, setCapabilities } from './qmp/migrate';

/** What the session has to know of the source before it starts. */
export interface SourceFacts {
  readonly memoryBytes: number;
  /** Whether the guest ran when we came; a paused guest stays paused all the way. */
  readonly running: boolean;
}

/**
 * Capabilities with the value each has to have on both sides, where a QEMU knows it. Those that change the stream
 * under us are off; `return-path` makes the source wait for the destination's word before it lets go of the guest.
 */
const wanted: Readonly<Record<string, { readonly source: boolean; readonly destination: boolean }>> = {
  events: { source: true, destination: true },
  'return-path': { source: true, destination: true },
  xbzrle: { source: false, destination: false },
  compress: { source: false, destination: false },
  multifd: { source: false, destination: false },
  'postcopy-ram': { source: false, destination: false },
  'x-colo': { source: false, destination: false },
  'x-ignore-shared': { source: false, destination: false },
  'background-snapshot': { source: false, destination: false },
  'pause-before-switchover': { source: false, destination: false },
  'auto-converge': { source: false, destination: false },
};

const busy = new Set(['setup', 'active', 'pre-switchover', 'device', 'cancelling', 'wait-unplug', 'postcopy-active']);

/** Looks at both sides and changes nothing; throws what is wrong with them. */
export async function inspect(source: QmpClient, far: Far): Promise<SourceFacts> {
  const { status, running } = await queryStatus(source);
  if (status !== 'running' && status !== 'paused') {
    throw new WherryError('guest-state', `the source at ${source.where} is ${status}, expected running or paused`);
  }
  const { status: migration, 'blocked-reasons': blocked } = await queryMigrate(source);
  if (migration !== undefined && busy.has(migration)) {
    throw new WherryError('guest-state', `the source at ${source.where} is migrating already (${migration})`);
  }
  if (blocked !== undefined && blocked.length > 0) {
    throw new WherryError('guest-state', `the source at ${source.where} cannot be migrated: ${blocked.join('; ')}`);
  }
  const there = await far.inspect();
  expectIncoming(there);
  const memoryBytes = await queryMemoryBytes(source);
  if (there.memoryBytes !== undefined && memoryBytes !== there.memoryBytes) {
    throw new WherryError(
      'ram-mismatch',
      `the source has ${memoryBytes} bytes of RAM, the destination ${there.memoryBytes}: they have to be equal`,
    );
  }
  return { memoryBytes, running };
}

/** A destination takes one guest, once. */
export function expectIncoming({ status, where }: FarFacts): void {
  if (status === 'inmigrate') return;
  throw new WherryError(
    'not-incoming',
    `the destination at ${where} is ${status}, expected inmigrate (start it with -incoming defer -S)`,
  );
}

/** Sets capabilities and parameters of the source. */
export async function configureSource(
  source: QmpClient,
  { autoConverge, downtimeLimitMs }: MigrationSettings,
): Promise<void> {
  await setWanted(source, 'source');
  if (autoConverge) await setCapabilities(source, { 'auto-converge': true });
  // The limit is kept on the wire, where the bytes are smaller; QEMU's own would hold them back twice.
  await source.execute('migrate-set-parameters', {
    'max-bandwidth': 0,
    'downtime-limit': sourceDowntimeLimit(downtimeLimitMs),
  });
}

/**
 * Sends the source on its way. A refusal leaves the guest as it was and is thrown; without any answer the source may
 * be migrating, and has to be asked.
 */
export async function beginMigration(source: QmpClient, uri: string, outcome: Outcome): Promise<void> {
  try {
    await source.execute('migrate', { uri });
  } catch (error) {
    const failure = asWherryError(error);
    if (failure.code === 'qmp-command') throw failure;
    outcome.fail(failure);
  }
}

/** Sets capabilities, on one side as on the other. */
export async function setWanted(client: QmpClient, side: 'source' | 'destination'): Promise<void> {
  const known = await queryCapabilities(client);
  const changes = Object.entries(wanted)
    .filter(([name, value]) => known.has(name) && known.get(name) !== value[side])
    .map(([name, value]) => [name, value[side]] as const);
  for (const name of ['events', 'return-path']) {
    if (!known.has(name)) throw new WherryError('guest-state', `QEMU at ${client.where} has no capability "${name}"`);
  }
  if (changes.length > 0) await setCapabilities(client, Object.fromEntries(changes));
}
