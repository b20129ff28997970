import * as v from 'valibot';
import type { QmpClient } from './client';
import { check } from './messages';

/*
 * The replies the engine reads, with the fields it uses under QEMU's own names. Which of them are there depends on
 * version and status, so almost all are optional; fields not listed are let through unread.
 */

const count = v.pipe(v.number(), v.minValue(0));
const optionalCount = v.optional(count);

const statusSchema = v.object({ status: v.string(), running: v.boolean() });

const ramSchema = v.object({
  transferred: count,
  remaining: count,
  total: count,
  duplicate: optionalCount,
  normal: optionalCount,
  'normal-bytes': optionalCount,
  'dirty-pages-rate': optionalCount,
  'dirty-sync-count': optionalCount,
  'page-size': optionalCount,
  'pages-per-second': optionalCount,
  'precopy-bytes': optionalCount,
  'downtime-bytes': optionalCount,
  mbps: v.optional(v.number()),
});

const socketAddressSchema = v.variant('type', [
  v.object({ type: v.literal('inet'), host: v.string(), port: v.string() }),
  v.object({ type: v.literal('unix'), path: v.string() }),
  v.object({ type: v.literal('vsock'), cid: v.string(), port: v.string() }),
  v.object({ type: v.literal('fd'), str: v.string() }),
]);

const migrateSchema = v.object({
  status: v.optional(v.string()),
  'error-desc': v.optional(v.string()),
  'blocked-reasons': v.optional(v.array(v.string())),
  'total-time': optionalCount,
  'setup-time': optionalCount,
  downtime: optionalCount,
  'expected-downtime': optionalCount,
  'cpu-throttle-percentage': optionalCount,
  ram: v.optional(ramSchema),
  'socket-address': v.optional(v.array(socketAddressSchema)),
});

const memorySchema = v.object({ 'base-memory': count, 'plugged-memory': v.optional(count, 0) });

const capabilitiesSchema = v.array(v.object({ capability: v.string(), state: v.boolean() }));

/** QEMU's answer to `query-status`. */
export type GuestStatus = v.InferOutput<typeof statusSchema>;
/** QEMU's answer to `query-migrate`: bytes, milliseconds, megabits a second, under its own names. */
export type MigrateInfo = v.InferOutput<typeof migrateSchema>;

/** Whether the guest runs, and QEMU's word for its state. */
export function queryStatus(client: QmpClient): Promise<GuestStatus> {
  return query(client, 'query-status', statusSchema);
}

/** The migration under way or the last one; an empty object when there was none. */
export function queryMigrate(client: QmpClient): Promise<MigrateInfo> {
  return query(client, 'query-migrate', migrateSchema);
}

/** The guest's memory in bytes, plugged modules included. */
export async function queryMemoryBytes(client: QmpClient): Promise<number> {
  const memory = await query(client, 'query-memory-size-summary', memorySchema);
  return memory['base-memory'] + memory['plugged-memory'];
}

/** The migration capabilities this QEMU knows, each with whether it is on. */
export async function queryCapabilities(client: QmpClient): Promise<ReadonlyMap<string, boolean>> {
  const listed = await query(client, 'query-migrate-capabilities', capabilitiesSchema);
  return new Map(listed.map(({ capability, state }) => [capability, state]));
}

/** Switches migration capabilities on or off; QEMU refuses while a migration runs. */
export async function setCapabilities(client: QmpClient, wanted: Readonly<Record<string, boolean>>): Promise<void> {
  const capabilities = Object.entries(wanted).map(([capability, state]) => ({ capability, state }));
  await client.execute('migrate-set-capabilities', { capabilities });
}

async function query<Schema extends v.GenericSchema>(
  client: QmpClient,
  command: string,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  return check(schema, await client.execute(command), `${client.where} to answer ${command} as QEMU does`);
}
