import * as v from 'valibot';
import { QmpError, refusal } from './qmp-error';

/** A command as a client sent it. */
export interface Request {
  readonly command: string;
  readonly arguments: unknown;
  readonly id: unknown;
}

const requestSchema = v.strictObject({
  execute: v.string(),
  arguments: v.optional(v.record(v.string(), v.unknown()), {}),
  id: v.optional(v.unknown()),
});

/** Reads one line. @throws QmpError for what is not a QMP request */
export function parseRequest(line: string): Request {
  const result = v.safeParse(requestSchema, parseJson(line));
  if (!result.success) throw refusal("QMP input must be a JSON object with member 'execute'");
  const { execute, arguments: given, id } = result.output;
  return { command: execute, arguments: given, id };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw refusal('JSON parse error, invalid input');
  }
}

/** The arguments if they are what the command takes. @throws QmpError in QEMU's words */
export function parseArguments<Schema extends v.GenericSchema>(schema: Schema, given: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, given);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const name = v.getDotPath(issue) ?? 'arguments';
  if (issue.type === 'strict_object') throw refusal(`Parameter '${name}' is ${unexpectedOrMissing(issue.expected)}`);
  throw refusal(`Invalid parameter type for '${name}', expected: ${issue.expected ?? issue.type}`);
}

/** A strict object complains of keys it lacks and of keys it does not know in the same words but for this. */
function unexpectedOrMissing(expected: string | null): string {
  return expected === 'never' ? 'unexpected' : 'missing';
}

export function encodeReturn(value: unknown, id: unknown): string {
  return JSON.stringify({ return: value, ...withId(id) });
}

/** Whatever was thrown, as an error reply; only a `QmpError` keeps its class. */
export function encodeError(thrown: unknown, id: unknown): string {
  const desc = thrown instanceof Error ? thrown.message : String(thrown);
  const error = { class: thrown instanceof QmpError ? thrown.qmpClass : 'GenericError', desc };
  return JSON.stringify({ error, ...withId(id) });
}

export function encodeEvent(event: string, data: Readonly<Record<string, unknown>> | undefined, nowMs: number): string {
  const timestamp = { seconds: Math.floor(nowMs / 1000), microseconds: Math.floor((nowMs % 1000) * 1000) };
  return JSON.stringify({ timestamp, event, ...(data && { data }) });
}

function withId(id: unknown): object {
  return id === undefined ? {} : { id };
}
