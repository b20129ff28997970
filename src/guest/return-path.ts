import { WherryError } from '../shared/failure';
import { returnType } from '../engine/stream/format';

const headBytes = 4;
/** Longest payload QEMU's source takes. */
const maxPayloadBytes = 512;

/** What the destination may say while a precopy runs. */
export type ReturnMessage =
  { readonly type: 'pong'; readonly value: number } | { readonly type: 'shut'; readonly status: number };

/** Cuts the bytes of a return path into messages. */
export class ReturnPathReader {
  #held = Buffer.alloc(0);

  /** The messages that are complete now. @throws WherryError `source-failed` for what a precopy cannot get */
  push(chunk: Buffer): ReturnMessage[] {
    this.#held = Buffer.concat([this.#held, chunk]);
    const messages: ReturnMessage[] = [];
    while (this.#held.length >= headBytes) {
      const type = this.#held.readUInt16BE(0);
      const length = this.#held.readUInt16BE(2);
      if (length > maxPayloadBytes) throw refused(`at most ${maxPayloadBytes} bytes of payload, got ${length}`);
      if (this.#held.length < headBytes + length) break;
      messages.push(message(type, this.#held.subarray(headBytes, headBytes + length)));
      this.#held = this.#held.subarray(headBytes + length);
    }
    return messages;
  }
}

function message(type: number, payload: Buffer): ReturnMessage {
  if (payload.length !== 4) throw refused(`4 bytes of payload, got ${payload.length} in a message of type ${type}`);
  const value = payload.readUInt32BE(0);
  if (type === returnType.pong) return { type: 'pong', value };
  if (type === returnType.shut) return { type: 'shut', status: value };
  throw refused(`SHUT or PONG, got a message of type ${type}`);
}

function refused(expected: string): WherryError {
  return new WherryError('source-failed', `Return path: expected ${expected}`);
}
