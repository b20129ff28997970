import * as v from 'valibot';
import { WherryError } from '../../shared/failure';

/** A value as a frame's body. */
export function encodeJson(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** A frame's body as what `schema` allows; throws `wire-protocol`, naming `what` it should have been. */
export function parseJson<T extends v.GenericSchema>(schema: T, body: Buffer, what: string): v.InferOutput<T> {
  try {
    return v.parse(schema, JSON.parse(body.toString('utf8')));
  } catch (error) {
    throw new WherryError('wire-protocol', `${what} that is not one: ${String(error)}`, { cause: error });
  }
}
