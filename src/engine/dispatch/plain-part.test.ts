import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { keyBytes, pageKey } from '../../codec/job';
import { PartDecoder } from '../../codec/part-decoder';
import { PartEncoder } from '../../codec/part-encoder';
import { pageBytes } from '../../shared/settings';
import { plainPart } from './plain-part';

describe('a part that no thread had time for', () => {
  it('decodes to its pages, and leaves what both ends know of the shard as it was', () => {
    const encoder = new PartEncoder(4, 8, 'lru');
    const decoder = new PartDecoder({ cachePagesPerShard: 8, maxPages: 4 });
    const encoded = (memory: Buffer): Buffer => {
      for (let page = 0; page < 4; page++) encoder.keys.writeDoubleLE(pageKey(0, page), page * keyBytes);
      encoder.pages(4).set(memory);
      return encoder.encode(4, undefined).payload;
    };
    const first = randomBytes(4 * pageBytes);
    expect(Buffer.from(decoder.decode(0, encoded(first), 4)).equals(first)).toBe(true);

    const between = randomBytes(4 * pageBytes);
    const { frame, answer, pages } = plainPart({ shard: 0, pages: 4, bytes: between });
    expect(answer).toMatchObject({
      method: 'none',
      bytes: frame.length,
      rawBytes: frame.length,
      fullBytes: 4 * pageBytes,
    });
    expect(Buffer.from(decoder.decode(0, frame, pages)).equals(between)).toBe(true);

    const last = Buffer.from(first);
    last[5] = (last[5] ?? 0) ^ 1;
    const delta = encoded(last);
    expect(delta.length).toBeLessThan(100);
    expect(Buffer.from(decoder.decode(0, delta, 4)).equals(last)).toBe(true);
  });
});
