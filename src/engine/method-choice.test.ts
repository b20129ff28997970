import { describe, expect, it, onTestFinished } from 'vitest';
import { defaultSettings, type MigrationSettings } from '../shared/settings';
import type { Way } from '../shared/way';
import { noWaits } from './bottleneck';
import { asSet, MethodChoice } from './method-choice';

const nothing = { rawBytes: 0, pageBytes: 0, partBytes: 0, frameBytes: 0, wireBytes: 0, waits: noWaits };
const plain = { method: 'none', level: 0, xbzrleCacheBytes: 0 } as const;

/** Such settings, and the ways asked for, one for each time. */
function choiceOf(settings: Partial<MigrationSettings>): { readonly choice: MethodChoice; readonly ways: Way[] } {
  const ways: Way[] = [];
  const carrying = { setWay: (way: Way) => void ways.push(way), tryOn: () => undefined };
  const choice = new MethodChoice({ ...defaultSettings, ...settings }, carrying, () => nothing);
  onTestFinished(() => choice.close());
  return { choice, ways };
}

describe('the way that the settings say', () => {
  it.each([
    ['as it comes with neither method nor cache', plain, { method: 'none', level: 0, asItComes: true }],
    ['by workers where parts are to be striped', { ...plain, channels: 2 }, { method: 'none', level: 0 }],
    ['by workers where there is a cache', { ...plain, xbzrleCacheBytes: 4096 }, { method: 'none', level: 0 }],
    ['by workers where there is a method', { ...plain, method: 'zlib', level: 3 }, { method: 'zlib', level: 3 }],
    ['by zstd before auto has looked', { method: 'auto', level: 6 }, { method: 'zstd', level: 6 }],
  ] as const)('is %s', (_, settings, way) => {
    expect(asSet({ ...defaultSettings, ...settings })).toEqual(way);
  });
});

describe('the choice of a way', () => {
  it('follows the settings from the start on and at once', () => {
    const { choice, ways } = choiceOf(plain);
    expect(ways.at(-1)).toMatchObject({ asItComes: true });
    choice.use({ ...defaultSettings, ...plain, xbzrleCacheBytes: 4096 });
    expect(ways.at(-1)).not.toHaveProperty('asItComes');
  });

  it('is left to auto, which takes a limit that the workers would not fill as it comes', () => {
    const { choice, ways } = choiceOf({ method: 'auto', maxBandwidth: 125e6 });
    expect(ways.at(-1)).toMatchObject({ asItComes: true, reason: 'the workers would not fill 1 Gbit/s' });
    choice.use({ ...defaultSettings, method: 'auto', maxBandwidth: 2e6 });
    expect(ways.at(-1)).toMatchObject({ method: 'zstd', level: 1 });
    expect(choice.way).not.toHaveProperty('asItComes');
  });

  it('is by workers where auto has more than one channel', () => {
    const { ways } = choiceOf({ method: 'auto', maxBandwidth: 125e6, channels: 4 });
    expect(ways.at(-1)).toMatchObject({ method: 'zstd', level: 1, reason: 'starting at zstd 1' });
  });
});
