import * as v from 'valibot';
import { WherryError, failureCodes, type Failure } from '../../shared/failure';
import { limits } from '../../shared/settings';
import { whole } from '../../shared/whole';
import { attemptSchema } from './hello';
import { parseJson } from './json';
import { labelSchema } from '../../shared/label';
import { secretBytes } from './secret';

/*
 * What a session and a receiver say to each other about the destination, on a link of its own: the stream's link may
 * be full, or break, when the destination has to be asked. Bodies are JSON; a frame's `epoch` is the request's number.
 */

const text = v.pipe(v.string(), v.maxLength(4096));
const milliseconds = v.pipe(v.number(), v.finite());

const failureSchema = v.strictObject({ code: v.picklist(failureCodes), message: text });

/**
 * What a control link opens with after the token, or after its session's stream token where it takes the place of one
 * that was lost.
 */
const controlSchema = v.strictObject({
  /** How long a lost link may take to come back, ms; 0: it is the end. */
  resumeWindowMs: whole(limits.resumeWindowMs.min, limits.resumeWindowMs.max),
  /** Which of the receiver's destinations is meant; any that is free when absent. */
  destination: v.optional(labelSchema),
  attempt: attemptSchema,
});
/** What a control link opens with, after its token. */
export type ControlOpening = v.InferOutput<typeof controlSchema>;

const requestSchema = v.variant('ask', [
  /** The destination as it is; nothing is changed. */
  v.strictObject({ ask: v.literal('inspect') }),
  /** Makes it wait for a stream. */
  v.strictObject({ ask: v.literal('prepare') }),
  /** The source has let go: see that the guest runs, or is there and paused. */
  v.strictObject({ ask: v.literal('confirm'), paused: v.boolean() }),
  /** What time it is there; also shows that the link is alive. */
  v.strictObject({ ask: v.literal('clock') }),
  /** The session is over and will not come back; the link ends, and so does what it was for. */
  v.strictObject({ ask: v.literal('leave') }),
]);

const answerSchemas = {
  inspect: v.strictObject({
    status: v.pipe(v.string(), v.maxLength(64)),
    memoryBytes: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    where: text,
  }),
  prepare: v.strictObject({
    /** Hex; what the session's sender has to show, and nobody else can. */
    streamToken: v.pipe(v.string(), v.hexadecimal(), v.length(2 * secretBytes)),
  }),
  confirm: v.strictObject({
    end: v.picklist(['completed', 'uncertain']),
    place: v.picklist(['destination', 'none', 'unknown']),
    error: v.optional(failureSchema),
  }),
  clock: v.strictObject({ nowMs: milliseconds }),
  leave: v.strictObject({}),
} as const;

const eventSchema = v.variant('event', [
  /** The guest was started there, by the destination's clock. */
  v.strictObject({ event: v.literal('resumed'), atMs: milliseconds }),
  v.strictObject({ event: v.literal('lost'), message: text }),
]);

/** What a session asks of the destination. */
export type ControlRequest = v.InferOutput<typeof requestSchema>;
/** The kinds of request. */
export type Ask = ControlRequest['ask'];
/** The answer to each kind. */
export type ControlAnswer<A extends Ask> = v.InferOutput<(typeof answerSchemas)[A]>;
/** What happens at the destination unasked. */
export type ControlEvent = v.InferOutput<typeof eventSchema>;

/** A receiver's answer before anybody looked into it. */
export type ControlReply = { readonly answer: unknown } | { readonly error: Failure };

const replySchema = v.union([v.strictObject({ answer: v.unknown() }), v.strictObject({ error: failureSchema })]);

/** What follows the token of a control link's first frame. */
export const parseControl = (body: Buffer): ControlOpening => parseJson(controlSchema, body, 'a control frame');
export const parseRequest = (body: Buffer): ControlRequest => parseJson(requestSchema, body, 'a request');
export const parseReply = (body: Buffer): ControlReply => parseJson(replySchema, body, 'a reply');
export const parseEvent = (body: Buffer): ControlEvent => parseJson(eventSchema, body, 'an event');

/** Checks the answer to a request; throws `wire-protocol` for another shape. */
export function checkAnswer<A extends Ask>(ask: A, answer: unknown): ControlAnswer<A> {
  const result = v.safeParse(answerSchemas[ask], answer);
  if (result.success) return result.output;
  const why = v.flatten(result.issues).root?.[0] ?? result.issues[0].message;
  throw new WherryError('wire-protocol', `an answer to ${ask} that is not one: ${why}`);
}
