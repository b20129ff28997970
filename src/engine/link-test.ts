import { performance } from 'node:perf_hooks';
import { WherryError, toFailure } from '../shared/failure';
import type { LinkFigures } from '../shared/link';
import type { MigrationSettings } from '../shared/settings';
import { formatDuration } from '../shared/units';
import { ClockOffset } from './clock-offset';
import { median, throughputOf } from './link-figures';
import { WallClock } from './wall-clock';
import { Pace } from './wire/pace';
import type { Pairing } from '../shared/pairing';
import { ProbeLink, loadFrameBytes, type ClockLook } from './wire/probe-link';
import { sliceBytes } from './wire/token-bucket';

/** How long connecting may take, and all pings after that, ms. */
const defaultConnectMs = 10_000;
const answerMs = 4000;
/** Pings whose figures count: at most so many, for no longer than that, but three at least. */
const pings = { most: 12, leastMs: 300, least: 3 } as const;
/** How long load is sent, ms: for as many round trips longer as TCP takes to find out what a long way carries, up to most. */
const loading = { leastMs: 800, roundTrips: 5, mostMs: 2000 } as const;
/** How long its last bytes may take, beside a round trip, ms. */
const settleMs = 1000;
/** What is sent at most over all channels. */
const mostBytes = 64 * 2 ** 20;

/** What a link is tested with. */
export interface LinkTestOptions extends Pick<MigrationSettings, 'channels' | 'maxBandwidth'> {
  /** How long connecting may take, TLS and all, ms; 10 s. */
  readonly connectMs?: number;
  /** Nobody wants to know any more: it ends at once, and rejects with `cancelled`. */
  readonly signal?: AbortSignal | undefined;
}

/** What a test has found out. */
export interface LinkTest {
  readonly figures: LinkFigures;
  readonly looks: readonly ClockLook[];
}

/**
 * Tests the way to a receiver: round trip, throughput over so many channels within the limit, and its clock, in some
 * 1.2 s, over a long way 3 s. The token is shown and not used up, and no destination is looked at.
 * @throws WherryError `wire-closed`, `wire-protocol` or `wire-refused`
 */
export async function testLink(to: Pairing, options: LinkTestOptions): Promise<LinkTest> {
  const { channels, maxBandwidth, connectMs = defaultConnectMs, signal } = options;
  const clock = new WallClock();
  const links = Array.from({ length: channels }, () => new ProbeLink(to, () => clock.now()));
  const [first] = links as [ProbeLink];
  const where = `${to.host}:${to.port}`;
  const stop = (): void => links.forEach((link) => link.fail(new WherryError('cancelled', 'the test was stopped')));
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) stop();
  try {
    // Of these the time is not taken: they wait for the handshake.
    await within(links, connectMs, where, () => Promise.all(links.map((link) => link.ping())));
    const looks = await within(links, answerMs, where, () => ask(first));
    const roundTrips = looks.map(({ askedMs, answeredMs }) => Math.max(0, answeredMs - askedMs));
    const roundTripMs = Math.min(...roundTrips);
    await load(links, maxBandwidth, roundTripMs);
    const throughput = throughputOf(
      links.map(({ arrivals }) => arrivals),
      roundTripMs,
    );
    const offset = new ClockOffset();
    for (const { askedMs, thereMs, answeredMs } of looks) offset.sample(askedMs, thereMs, answeredMs);
    const figures = {
      roundTripMs,
      roundTripMedianMs: median(roundTrips),
      ...(throughput !== undefined && { throughput }),
      ...{ maxBandwidth, channels },
      clockOffsetMs: offset.offsetMs ?? 0,
      clockErrorMs: offset.errorMs ?? 0,
      bytes: links.reduce((sum, { bytesSent }) => sum + bytesSent, 0),
    };
    return { figures, looks };
  } finally {
    signal?.removeEventListener('abort', stop);
    for (const link of links) link.close();
  }
}

/**
 * The same before a migration, which goes on where it fails; nothing where it is not wanted.
 * @param strict who is refused here would be refused again
 * @throws WherryError `cancelled` when it was stopped; with `strict` also `wire-refused`, `wire-protocol`
 */
export async function tryLink(
  to: Pairing,
  settings: MigrationSettings,
  onNotice: (text: string) => void,
  { strict = false, signal }: { readonly strict?: boolean; readonly signal?: AbortSignal | undefined } = {},
): Promise<LinkTest | undefined> {
  if (!settings.linkTest) return undefined;
  try {
    return await testLink(to, { ...settings, signal });
  } catch (error) {
    const { code, message } = toFailure(error);
    if (signal?.aborted === true || (strict && code !== 'wire-closed')) throw error;
    onNotice(`the link could not be tested: ${message}`);
    return undefined;
  }
}

/** Waits for all of it, and ends the links where it takes too long. */
async function within<T>(links: readonly ProbeLink[], ms: number, where: string, work: () => Promise<T>): Promise<T> {
  const late = new WherryError('wire-closed', `no answer from ${where} for ${formatDuration(ms)}`);
  const timer = setTimeout(() => links.forEach((link) => link.fail(late)), ms);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}

async function ask(link: ProbeLink): Promise<readonly ClockLook[]> {
  const looks: ClockLook[] = [];
  const begun = performance.now();
  while (looks.length < pings.least || performance.now() - begun < pings.leastMs) {
    looks.push(await link.ping());
    if (looks.length === pings.most) break;
  }
  return looks;
}

/** Fills all links for a while and waits until it has arrived, or not for long. Throws why one of them broke. */
async function load(links: readonly ProbeLink[], maxBandwidth: number, roundTripMs: number): Promise<void> {
  const pace = new Pace(maxBandwidth);
  const loadMs = Math.min(loading.leastMs + loading.roundTrips * roundTripMs, loading.mostMs);
  const until = performance.now() + loadMs;
  const wake = (): void => links.forEach((link) => link.wake());
  const timers = [setTimeout(wake, loadMs + 1), setTimeout(wake, loadMs + roundTripMs + settleMs)];
  const frames = Math.max(1, Math.floor(sliceBytes(maxBandwidth) / loadFrameBytes / 4));
  const most = mostBytes / links.length;
  const fill = async (link: ProbeLink): Promise<void> => {
    link.begin();
    const over = (): boolean => link.ended || performance.now() >= until || link.bytesSent >= most;
    while (!over()) {
      const now = Math.min(frames, link.room(roundTripMs));
      if (now === 0) await link.change();
      else await pace.turn(now * loadFrameBytes, over).then(() => over() || link.load(now));
    }
    link.loaded();
    while (!link.ended && !link.settled && performance.now() < until + roundTripMs + settleMs - 1) await link.change();
    link.check();
  };
  try {
    await Promise.all(links.map(fill));
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}
