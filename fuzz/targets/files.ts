import { parseImport, parseProfile, exportText, profileText } from '../../src/engine/store/profile-file';
import { parseRun, runText } from '../../src/engine/store/run-file';
import type { RunRecord } from '../../src/shared/run-record';
import { defaultSettings } from '../../src/shared/settings';
import { mutatedText } from '../mutate';
import { must, sameJson, taken, type FuzzTarget } from '../target';

const refusals = ['store', 'store-newer'] as const;
const profile = { name: 'Night', settings: { ...defaultSettings, maxBandwidth: 12.5e6 } };
const counts = { lookups: 4, hits: 1, misses: 3, evictions: 2, overflow: 0 };

const run: RunRecord = {
  id: '20260131T120001000Z-0000000a',
  startedAt: '2026-01-31T12:00:01.000Z',
  guest: 'a guest',
  source: '/run/a.qmp',
  destination: '/run/b.qmp',
  settings: defaultSettings,
  changedSettings: { maxBandwidth: 5e6 },
  report: {
    status: 'completed',
    totalTimeMs: 1500,
    downtimeMs: 82,
    expectedDowntimeBandMs: { low: 60, high: 110 },
    rounds: 5,
    wireBytes: 2e6,
    rawBytes: 5e6,
    throughputMbps: 14,
    pages: { duplicate: 9, normal: 8, xbzrle: 7, unchanged: 6, repeated: 4, overflow: 5 },
    cache: { size: 4096, ...counts, shards: [counts] },
    compression: { method: 'zstd', level: 1, rawBytes: 1000, compressedBytes: 250 },
    downtimeErrorMs: 0.2,
    link: {
      ...{ roundTripMs: 0.4, roundTripMedianMs: 0.5, throughput: 7e6, maxBandwidth: 0, channels: 4 },
      ...{ clockOffsetMs: -12.3, clockErrorMs: 0.2, bytes: 9e6 },
    },
    reconnects: 1,
    guestRunningOn: 'destination',
  },
  series: {
    elapsedMs: [0, 100],
    rounds: [1, 2],
    guestRate: [null, 5000],
    wireRate: [null, 2000],
    remainingBytes: [8192, 4096],
    dirtyRate: [null, null],
    expectedDowntimeLowMs: [null, 60],
    expectedDowntimeHighMs: [null, 110],
  },
};

const [profileSample, importSample, runSample]: unknown[] = [
  profileText(profile),
  exportText([profile, { ...profile, name: 'Day' }]),
  runText(run),
].map((text) => JSON.parse(text) as unknown);

/** Profiles: what is taken is still that when it has been written again. */
export const profiles: FuzzTarget = {
  name: 'profiles',
  weight: 2,
  run: (random) => {
    const isOne = random.chance(0.5);
    const text = random.give(mutatedText(isOne ? profileSample : importSample, random));
    const found = taken(refusals, () => (isOne ? [parseProfile(text)] : parseImport(text)));
    if (found === undefined) return 'refused';
    const again = isOne ? found.map((one) => parseProfile(profileText(one))) : parseImport(exportText(found));
    must(sameJson(again, found), 'a profile written again is another one');
    return 'taken';
  },
};

/** Runs of the history, the same way. */
export const runs: FuzzTarget = {
  name: 'runs',
  weight: 2,
  run: (random) => {
    const text = random.give(mutatedText(runSample, random));
    const found = taken(refusals, () => parseRun(text));
    if (found === undefined) return 'refused';
    must(sameJson(parseRun(runText(found)), found), 'a run written again is another one');
    return 'taken';
  },
};
