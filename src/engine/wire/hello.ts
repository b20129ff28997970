import * as v from 'valibot';
import { maxCachePages } from '../../codec/job';
import { failureCodes, type Failure } from '../../shared/failure';
import { limits, pageBytes } from '../../shared/settings';
import { whole } from '../../shared/whole';
import { frameTypes } from './frame';
import { parseJson } from './json';
import { labelSchema } from '../../shared/label';
import { allowedPages } from './layout';
import { secretBytes } from './secret';

const secret = v.pipe(v.string(), v.regex(/^[0-9a-f]*$/), v.length(2 * secretBytes));

/**
 * The sender's own choice, hex. Who shows it again beside the same token is the same sender, whose connection was lost
 * before it was told how else to come back; without one it cannot.
 */
export const attemptSchema = v.optional(secret);

/** A sender's first words after its token: what it will ask of the receiver. */
const helloSchema = v.strictObject({
  /** Compress workers: shards the receiver has to keep apart. */
  shards: whole(limits.compressThreads.min, limits.compressThreads.max),
  decompressThreads: whole(limits.decompressThreads.min, limits.decompressThreads.max),
  cachePagesPerShard: whole(0, maxCachePages),
  /** More would not fit a part's frame. */
  maxPartPages: whole(1, Math.floor(frameTypes.part.maxBody / pageBytes)),
  /** Channels there will be, this one included. */
  channels: whole(limits.channels.min, limits.channels.max),
  /** How long a lost link may take to come back, ms; 0: it is the end. */
  resumeWindowMs: whole(limits.resumeWindowMs.min, limits.resumeWindowMs.max),
  /** Which of the receiver's destinations is meant, where it has no session that says so. */
  destination: v.optional(labelSchema),
  attempt: attemptSchema,
});
export type Hello = v.InferOutput<typeof helloSchema>;

const session = v.pipe(v.string(), v.hexadecimal(), v.maxLength(32));

/** What a welcome hands over on the first channel, hex: nobody else can name the session and show its secret. */
const ticketSchema = v.strictObject({ session, secret });
export type Ticket = v.InferOutput<typeof ticketSchema>;

const welcomeSchema = v.strictObject({
  ticket: ticketSchema,
  /** Bytes of XBZRLE cache that the sender may ask for later on. */
  maxCacheBytes: whole(0, Number.MAX_SAFE_INTEGER),
});
export type Welcome = v.InferOutput<typeof welcomeSchema>;

/** The first words on a further channel, or on a connection in a lost one's place, after the secret; 0 is the first. */
const joinSchema = v.strictObject({
  session,
  channel: whole(0, limits.channels.max - 1),
  /** Kept frames of this channel that the sender has taken. */
  taken: whole(0, Number.MAX_SAFE_INTEGER),
});
export type Join = v.InferOutput<typeof joinSchema>;

/** What a sender says that will not come back, after the secret. */
const leaveSchema = v.strictObject({ session });
/** A goodbye. */
export type Leave = v.InferOutput<typeof leaveSchema>;

const failureSchema = v.strictObject({
  code: v.picklist(failureCodes),
  message: v.pipe(v.string(), v.maxLength(4096)),
});

/** What follows a hello's token, with as much of the cache it asks for as is allowed; throws `wire-protocol`. */
export function parseHello(body: Buffer, cacheLimitBytes: number): Hello {
  const hello = parseJson(helloSchema, body, 'a hello');
  return { ...hello, cachePagesPerShard: allowedPages(hello, cacheLimitBytes) };
}

export const parseWelcome = (body: Buffer): Welcome => parseJson(welcomeSchema, body, 'a welcome');
/** What follows a join's secret. */
export const parseJoin = (body: Buffer): Join => parseJson(joinSchema, body, 'a join');
/** What follows a leave's secret. */
export const parseLeave = (body: Buffer): Leave => parseJson(leaveSchema, body, 'a leave');

/** The peer's reason for giving up. */
export function parseFailure(body: Buffer): Failure {
  return parseJson(failureSchema, body, 'a failure');
}
