import * as v from 'valibot';
import { WherryError } from '../../shared/failure';

const whole = v.pipe(v.number(), v.safeInteger());

const greetingSchema = v.object({
  QMP: v.object({
    version: v.object({
      qemu: v.object({ major: whole, minor: whole, micro: whole }),
      package: v.optional(v.string(), ''),
    }),
    capabilities: v.array(v.unknown()),
  }),
});

/** What the monitor says first. */
export type QmpGreeting = v.InferOutput<typeof greetingSchema>['QMP'];

const eventSchema = v.object({
  event: v.string(),
  data: v.optional(v.record(v.string(), v.unknown()), {}),
  timestamp: v.object({ seconds: v.number(), microseconds: v.number() }),
});
const errorSchema = v.object({
  error: v.object({ class: v.string(), desc: v.string() }),
  id: v.optional(v.unknown()),
});
const returnSchema = v.object({ return: v.unknown(), id: v.optional(v.unknown()) });

/** Something that happened in QEMU. */
export interface QmpEvent {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** QEMU's clock at the event, milliseconds since 1970 with a fraction. */
  readonly timestampMs: number;
}

/** A line from the monitor after its greeting. */
export type QmpMessage =
  | { readonly kind: 'event'; readonly event: QmpEvent }
  | { readonly kind: 'return'; readonly id: unknown; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: unknown; readonly class: string; readonly desc: string };

/** @throws WherryError `qmp-protocol` */
export function parseGreeting(line: string): QmpGreeting {
  return check(greetingSchema, parseJson(line), 'a QMP greeting').QMP;
}

/** @throws WherryError `qmp-protocol` */
export function parseMessage(line: string): QmpMessage {
  const json = parseJson(line);
  if (typeof json === 'object' && json !== null && 'event' in json) {
    const { event: name, data, timestamp } = check(eventSchema, json, 'a QMP event');
    const timestampMs = timestamp.seconds * 1000 + timestamp.microseconds / 1000;
    return { kind: 'event', event: { name, data, timestampMs } };
  }
  if (typeof json === 'object' && json !== null && 'error' in json) {
    const { error, id } = check(errorSchema, json, 'a QMP error');
    return { kind: 'error', id, ...error };
  }
  const reply = check(returnSchema, json, 'a QMP reply');
  return { kind: 'return', id: reply.id, value: reply.return };
}

/**
 * The value if it has the schema's shape.
 * @throws WherryError `qmp-protocol` naming what was expected and where the value differs
 */
export function check<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  expected: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = v.getDotPath(issue);
  throw new WherryError('qmp-protocol', `expected ${expected}; ${where === null ? '' : `${where}: `}${issue.message}`);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new WherryError('qmp-protocol', `expected a QMP line of JSON, got ${JSON.stringify(line.slice(0, 80))}`);
  }
}
