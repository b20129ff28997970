import { describe, expect, it } from 'vitest';
import { tryWays } from './tries';

describe('tryWays', () => {
  it('says what each way makes of the middle of a part, which a long part is not tried on as a whole', async () => {
    const part = Buffer.alloc(256 * 1024, 'pages of text ');
    const { sampleBytes, results } = await tryWays(part, [
      { method: 'zstd', level: 1 },
      { method: 'none', level: 0 },
    ]);
    expect(sampleBytes).toBe(128 * 1024);
    expect(results).toHaveLength(2);
    expect(results[0]?.bytes).toBeLessThan(1000);
    expect(results[1]?.bytes).toBe(sampleBytes);
    for (const { ms } of results) expect(ms).toBeGreaterThanOrEqual(0);
  });

  it('takes a part that is smaller as it is, and never says that anything grew', async () => {
    const { sampleBytes, results } = await tryWays(Buffer.from([7]), [{ method: 'zlib', level: 9 }]);
    expect(sampleBytes).toBe(1);
    expect(results[0]?.bytes).toBe(1);
  });
});
