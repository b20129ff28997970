import { WherryError } from '../../shared/failure';
import { countAt, countsBody } from './frame';

/*
 * A link is tested on connections of their own, before the guest's stream: each opens with a `probe`, asks some `ping`s,
 * each answered by a `pong`, and then sends `load` up to `loaded`, of which it is told with `arrived`. Nothing is kept
 * and nothing sent again: a test that breaks is no test. Who is tested answers with a few bytes only.
 */

/** Pings that a connection may send. */
export const mostPings = 32;
/** Bytes that a connection may bring, frames and all. */
export const mostProbeBytes = 65 * 2 ** 20;
/** A connection that lasts longer is cut, ms. */
export const longestProbeMs = 20_000;
/** The receiver says no oftener what has arrived, ms. */
export const arrivalsMs = 10;
/** Most it may say so; what comes beyond is not from a receiver of ours. */
export const mostArrivals = longestProbeMs / arrivalsMs + 2;

/** Beyond what a date can be, ms either way of the epoch (ECMAScript, 21.4.1.1). */
const latestMs = 8.64e15;

/** What had arrived on a connection when its receiver looked. */
export interface Arrival {
  /** By the receiver's stopwatch, ms, the same for all connections. */
  readonly atMs: number;
  /** Of this connection so far, frames and all. */
  readonly bytes: number;
}

/** The time there, ms since the epoch, as a pong's body. */
export function pongBody(nowMs: number): Buffer {
  const body = Buffer.allocUnsafe(8);
  body.writeDoubleBE(nowMs);
  return body;
}

/** @throws WherryError `wire-protocol` for what is no time */
export function parsePong(body: Buffer): number {
  return timeAt(body, 0, 'a pong');
}

export function arrivedBody({ atMs, bytes }: Arrival): Buffer {
  return Buffer.concat([countsBody(bytes), pongBody(atMs)]);
}

/** @throws WherryError `wire-protocol` for what is no time or no count */
export function parseArrived(body: Buffer): Arrival {
  const bytes = countAt(body, 0);
  if (!Number.isSafeInteger(bytes)) throw new WherryError('wire-protocol', `an arrival of ${bytes} bytes`);
  return { bytes, atMs: timeAt(body, 8, 'an arrival') };
}

function timeAt(body: Buffer, at: number, what: string): number {
  const ms = body.readDoubleBE(at);
  if (Math.abs(ms) <= latestMs) return ms;
  throw new WherryError('wire-protocol', `${what} at ${ms} ms, which is no time`);
}
