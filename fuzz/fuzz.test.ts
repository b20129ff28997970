import { describe, expect, it } from 'vitest';
import { campaign } from './campaign';
import { targets } from './targets';
import type { FuzzTarget } from './target';

const ms = 20_000;

describe('what reads what others wrote', () => {
  it(`crashes, hangs and takes nothing wrong in ${ms / 1000} s of cases`, async () => {
    const tallies = await campaign({ seed: 1, targets, ms });
    for (const [name, { taken, refused }] of tallies) {
      expect([name, taken > 0, refused > 0]).toEqual([name, true, true]);
    }
  });
});

describe('the fuzzer', () => {
  const target = (run: FuzzTarget['run']): FuzzTarget => ({ name: 'it', weight: 1, run });
  const failure = (run: FuzzTarget['run']): Promise<unknown> =>
    campaign({ seed: 7, targets: [target(run)], cases: 50 }).catch((error: unknown) => error);

  it('finds what crashes, and says how to see it again', async () => {
    let number = 0;
    const found = await failure((random) => {
      random.give(Buffer.of(1, 2, 255));
      if (number++ === 3) throw new TypeError('cannot read it');
      return 'taken';
    });
    expect(String(found)).toBe(
      'FuzzFailure: TypeError: cannot read it\n  again: npm run fuzz -- --seed 7 --target it --case 3\n  input: hex 0102ff',
    );
  });

  it.each<[string, FuzzTarget['run'], string]>([
    [
      'what takes more memory than a peer may have',
      (random) => (random.give(Buffer.alloc(300 * 2 ** 20)), 'taken'),
      'bytes',
    ],
    ['what fails later', () => Promise.reject(new Error('too late')), 'too late'],
  ])('finds %s', async (_, run, words) => {
    expect(String(await failure(run))).toContain(words);
  });

  it('tries the same cases for the same seed, and others for another', async () => {
    const seen = async (seed: number): Promise<readonly number[]> => {
      const shares: number[] = [];
      await campaign({ seed, targets: [target((random) => (shares.push(random.share()), 'taken'))], cases: 20 });
      return shares;
    };
    expect(await seen(1)).toEqual(await seen(1));
    expect(await seen(2)).not.toEqual(await seen(1));
    expect(new Set(await seen(1)).size).toBe(20);
  });
});
