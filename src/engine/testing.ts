import { putPageHead, putZero } from './stream/format';
import {
  deviceHead,
  endOfStream,
  footer,
  openReturnPath,
  ramEnd,
  ramPart,
  ramSectionEnd,
  ramStart,
  streamHead,
} from './stream/write';

/*
 * What the tests of the engine share: streams such as a source writes.
 */

/** A record of the `ram` section; `fill` alone makes a zero record. */
export interface SampleRecord {
  readonly block: number;
  /** Page number in the block. */
  readonly page: number;
  readonly fill: number;
  /** The page's 4096 bytes. */
  readonly bytes?: Uint8Array;
}

export const sampleBlocks = [
  { name: 'pc.ram', usedBytes: 64 * 2 ** 20 },
  { name: 'vga.vram', usedBytes: 2 ** 20 },
  { name: '/rom@etc/acpi/tables', usedBytes: 2 ** 18 },
] as const;

const section = 2;

/** A whole stream: each round a PART, the last one the END, then device state. */
export function sampleStream(rounds: readonly (readonly SampleRecord[])[], device: Uint8Array): Buffer {
  const last = rounds.length - 1;
  return Buffer.concat([
    streamHead('pc-i440fx-7.2'),
    openReturnPath(),
    ramStart(section, sampleBlocks),
    ramSectionEnd(section),
    ...rounds.flatMap((records, i) => [
      i === last ? ramEnd(section) : ramPart(section),
      ...recordsOf(records),
      ramSectionEnd(section),
    ]),
    deviceHead(9, 'sample-device', 0, 1),
    device,
    footer(9),
    endOfStream(),
  ]);
}

/** As a source writes them: the block's name where the block is another than before, and first in a section. */
function recordsOf(records: readonly SampleRecord[]): Buffer[] {
  let before: number | undefined;
  return records.map(({ block, page, fill, bytes }) => {
    const name = block === before ? undefined : Buffer.from(sampleBlocks[block]?.name ?? '');
    before = block;
    const record = Buffer.alloc(8 + 1 + 255 + 4096);
    if (bytes === undefined) return record.subarray(0, putZero(record, 0, page * 4096, name, fill));
    const at = putPageHead(record, 0, page * 4096, name);
    record.set(bytes, at);
    return record.subarray(0, at + 4096);
  });
}
