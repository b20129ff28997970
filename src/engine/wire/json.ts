import * as v from 'valibot';
import { WherryError } from '../../shared/failure';

/** A value as a frame's body. */
export function encodeJson(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** What a body is; an array without members would pass for an object without any. */
const objectSchema = v.custom<object>((value) => !Array.isArray(value), 'expected an object, got an array');

/** A frame's body as what `schema` allows; throws `wire-protocol`, naming `what` it should have been. */
export function parseJson<T extends v.GenericSchema>(schema: T, body: Buffer, what: string): v.InferOutput<T> {
  try {
    return v.parse(schema, v.parse(objectSchema, JSON.parse(body.toString('utf8'))));
  } catch (error) {
    throw new WherryError('wire-protocol', `${what} that is not one: ${String(error)}`, { cause: error });
  }
}
