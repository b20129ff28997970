import { timingSafeEqual } from 'node:crypto';
import * as v from 'valibot';
import { maxCachePages } from '../../codec/job';
import { WherryError, failureCodes, type Failure } from '../../shared/failure';
import { limits, pageBytes } from '../../shared/settings';
import { whole } from '../../shared/whole';
import { frameTypes } from './frame';
import { checkCache } from './layout';

/** The sender's first words: who it is allowed to be, and what it will ask of the receiver. */
const helloSchema = v.strictObject({
  /** Shared secret of this session, hex. */
  token: v.pipe(v.string(), v.hexadecimal(), v.maxLength(128)),
  /** Compress workers: shards the receiver has to keep apart. */
  shards: whole(limits.compressThreads.min, limits.compressThreads.max),
  decompressThreads: whole(limits.decompressThreads.min, limits.decompressThreads.max),
  cachePagesPerShard: whole(0, maxCachePages),
  /** More would not fit a part's frame. */
  maxPartPages: whole(1, Math.floor(frameTypes.part.maxBody / pageBytes)),
  /** Channels there will be, this one included. */
  channels: whole(limits.channels.min, limits.channels.max),
});
export type Hello = v.InferOutput<typeof helloSchema>;

const session = v.pipe(v.string(), v.hexadecimal(), v.maxLength(32));
const secret = v.pipe(v.string(), v.hexadecimal(), v.minLength(32), v.maxLength(128));

/** What a welcome hands over on the first channel, hex: nobody else can name the session and show its secret. */
const ticketSchema = v.strictObject({ session, secret });
export type Ticket = v.InferOutput<typeof ticketSchema>;

const welcomeSchema = v.strictObject({
  ticket: ticketSchema,
  /** Bytes of XBZRLE cache that the sender may ask for later on. */
  maxCacheBytes: whole(0, Number.MAX_SAFE_INTEGER),
});
export type Welcome = v.InferOutput<typeof welcomeSchema>;

/** A further channel's first words; the first channel is number 0. */
const joinSchema = v.strictObject({ session, secret, channel: whole(1, limits.channels.max - 1) });
export type Join = v.InferOutput<typeof joinSchema>;

const failureSchema = v.strictObject({
  code: v.picklist(failureCodes),
  message: v.pipe(v.string(), v.maxLength(4096)),
});

export function encodeJson(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Checks a hello; throws `wire-protocol` for another shape, `wire-refused` for a wrong token. */
export function parseHello(body: Buffer, token: string, cacheLimitBytes: number): Hello {
  const hello = parseJson(helloSchema, body, 'hello');
  expectToken(hello.token, token);
  checkCache(hello, cacheLimitBytes);
  return hello;
}

/** Compares in constant time; throws `wire-refused`, and never says what either token is. */
export function expectToken(given: string, token: string): void {
  const [mine, theirs] = [Buffer.from(token), Buffer.from(given)];
  if (mine.length !== theirs.length || !timingSafeEqual(mine, theirs)) {
    throw new WherryError('wire-refused', 'the sender did not show the token of this session');
  }
}

export const parseWelcome = (body: Buffer): Welcome => parseJson(welcomeSchema, body, 'welcome');
export const parseJoin = (body: Buffer): Join => parseJson(joinSchema, body, 'join');

/** The peer's reason for giving up. */
export function parseFailure(body: Buffer): Failure {
  return parseJson(failureSchema, body, 'failure');
}

function parseJson<T extends v.GenericSchema>(schema: T, body: Buffer, what: string): v.InferOutput<T> {
  try {
    return v.parse(schema, JSON.parse(body.toString('utf8')));
  } catch (error) {
    throw new WherryError('wire-protocol', `a ${what} that is not one: ${String(error)}`, { cause: error });
  }
}
