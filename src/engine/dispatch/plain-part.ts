import type { Encoded } from '../../codec/job';
import { op, partHeaderBytes } from '../../codec/part-format';
import { pageBytes } from '../../shared/settings';
import type { EncodedPart } from './compress-pool';
import type { PagePart } from './epoch-builder';

/** A part as no thread has touched it: every page in full, kept in no slot, so that the shard's cache stays as it is. */
export function plainPart({ shard, pages, bytes }: Pick<PagePart, 'shard' | 'pages' | 'bytes'>): EncodedPart {
  const frame = Buffer.allocUnsafe(partHeaderBytes + pages + bytes.length);
  frame.writeUInt32LE(pages);
  frame.fill(op.full, partHeaderBytes, partHeaderBytes + pages);
  frame.set(bytes, partHeaderBytes + pages);
  const none = { xbzrle: 0, unchanged: 0, repeated: 0, overflow: 0, lookups: 0, hits: 0, misses: 0, evictions: 0 };
  const answer: Encoded = {
    type: 'encoded',
    slot: 0,
    method: 'none',
    bytes: frame.length,
    rawBytes: frame.length,
    busyMs: 0,
    deltaBytes: 0,
    fullBytes: pages * pageBytes,
    counts: { normal: pages, ...none },
    ops: String(op.full).repeat(pages),
  };
  return { shard, pages, frame, answer, way: { method: 'none', level: 0 } };
}
