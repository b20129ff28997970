import * as v from 'valibot';

/** A schema for whole numbers from `min` to `max`, both included. */
export function whole(min: number, max: number): v.GenericSchema<number> {
  return v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));
}
