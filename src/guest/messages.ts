import * as v from 'valibot';
import { builtinMemory, workloads } from '../shared/guest';
import { failureCodes } from '../shared/failure';
import { maxRate } from './workload';
import { whole } from '../shared/whole';

/*
 * What the built-in guest's process and its parent say to each other; everything else goes over its QMP socket.
 */

/** The one message from the parent: become this guest. Answered by `ready` or `failed`. */
export const openGuestSchema = v.strictObject({
  type: v.literal('open'),
  /** A source boots and runs; a destination waits for `migrate-incoming`. */
  role: v.picklist(['source', 'destination']),
  /** Where its QMP monitor listens. */
  qmpPath: v.pipe(v.string(), v.minLength(1)),
  memoryBytes: whole(builtinMemory.min, builtinMemory.max),
  workload: v.picklist(workloads),
  /** What memory and workload depend on; the same seed gives the same guest. */
  seed: whole(0, 2 ** 32 - 1),
  /** Workload steps a second. */
  rate: whole(0, maxRate),
  /** Whether a destination stays paused after loading, as QEMU with `-S`. */
  startPaused: v.optional(v.boolean(), true),
});
export type OpenGuest = v.InferOutput<typeof openGuestSchema>;

export const guestReplySchema = v.variant('type', [
  v.strictObject({ type: v.literal('ready') }),
  v.strictObject({ type: v.literal('failed'), code: v.picklist(failureCodes), message: v.string() }),
]);
export type GuestReply = v.InferOutput<typeof guestReplySchema>;
