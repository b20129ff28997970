import { op, partHeaderBytes } from '../../src/codec/part-format';
import { maxPartBytes } from '../../src/codec/job';
import { pageBytes } from '../../src/shared/settings';

/*
 * The formats read as their definitions say, byte by byte and with no thought of speed: what the real decoders are held
 * against. Undefined is a refusal.
 */

/** A page after a delta: pairs of lengths of one or two bytes, the second with that many new bytes behind it. */
export function plainXbzrle(old: Uint8Array, payload: Uint8Array): Buffer | undefined {
  const page = Buffer.from(old);
  let [read, at] = [0, 0];
  const length = (): number => {
    const first = payload[read++] ?? NaN;
    if (first < 128) return first;
    const second = payload[read++] ?? NaN;
    return second < 128 ? (first & 127) + second * 128 : NaN;
  };
  while (read < payload.length) {
    const isFirst = read === 0;
    if (payload.length - read < 2) return undefined;
    const same = length();
    if (Number.isNaN(same) || (same === 0 && !isFirst) || payload.length - read < 2) return undefined;
    const changed = length();
    at += same;
    if (Number.isNaN(changed) || changed === 0 || at + changed > pageBytes) return undefined;
    if (read + changed > payload.length) return undefined;
    page.set(payload.subarray(read, read + changed), at);
    read += changed;
    at += changed;
  }
  return page;
}

/** One shard's parts. */
export class PlainPartDecoder {
  readonly #slots = new Map<number, Buffer>();

  constructor(private readonly cachePages: number) {}

  decode(part: Buffer, pages: number, maxPages: number): Buffer | undefined {
    if (part.length < partHeaderBytes || part.length > maxPartBytes(maxPages) || pages > maxPages) return undefined;
    const opsEnd = partHeaderBytes + part.readUInt32LE(0);
    if (opsEnd > part.length) return undefined;
    const ops = readOps(part.subarray(partHeaderBytes, opsEnd), pages);
    if (ops?.some(({ slots }) => slots.some((slot) => slot >= this.cachePages)) !== false) return undefined;
    const deltaBytes = ops.reduce((sum, { delta }) => sum + delta, 0);
    const fulls = ops.filter(({ code }) => code === op.full || code === op.fullStore).length;
    if (opsEnd + deltaBytes + fulls * pageBytes !== part.length) return undefined;
    let [deltaAt, fullAt] = [opsEnd, opsEnd + deltaBytes];
    const out: Buffer[] = [];
    for (const { code, slots, delta } of ops) {
      const [from = -1, to = from] = slots;
      let page = this.#slots.get(from);
      if (code === op.full || code === op.fullStore) page = part.subarray(fullAt, (fullAt += pageBytes));
      else if (code === op.delta && page) page = plainXbzrle(page, part.subarray(deltaAt, (deltaAt += delta)));
      if (page === undefined) return undefined;
      if (code !== op.full) this.#slots.set(to, Buffer.from(page));
      out.push(Buffer.from(page));
    }
    return Buffer.concat(out);
  }
}

interface Op {
  readonly code: number;
  readonly slots: readonly number[];
  /** Bytes of delta. */
  readonly delta: number;
}

const slotsOf: Readonly<Record<number, number>> = {
  [op.full]: 0,
  [op.fullStore]: 1,
  [op.delta]: 1,
  [op.unchanged]: 1,
  [op.copy]: 2,
};

function readOps(bytes: Buffer, pages: number): readonly Op[] | undefined {
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let i = 0; i < 3; i++) {
      const byte = bytes[at++];
      if (byte === undefined) return NaN;
      value += (byte & 127) * 128 ** i;
      if (byte < 128) return value;
    }
    return NaN;
  };
  const ops: Op[] = [];
  for (let page = 0; page < pages; page++) {
    const code = number();
    const slots = Array.from({ length: slotsOf[code] ?? 0 }, number);
    const delta = code === op.delta ? number() : 0;
    const isDelta = code !== op.delta || (delta >= 1 && delta <= pageBytes);
    if (slotsOf[code] === undefined || slots.some(Number.isNaN) || !isDelta) return undefined;
    ops.push({ code, slots, delta });
  }
  return at === bytes.length ? ops : undefined;
}
