/**
 * What the source plans with before anything is known of the pages that are written to: they may go at a third of the
 * pace of the others. It costs nothing where they do not: the same bytes go, more of them before the guest stands still.
 */
const unknownShare = 0.25;
/** Knowing begins with so much of the second round, ms. */
const knownMs = 200;
/** Over this much of the past, ms, a pace is one that lasts: some epochs, some of each kind of page. */
const lastingMs = 1500;
/** The source goes by the bytes of its last 100 ms or a little more; two such may have been the fast ones. */
const sourceWindowMs = 100;
const rememberedMs = 300;
/** A window as short as this is believed only where it is this much faster: epochs are taken in lumps. */
const lump = { ms: 40, factor: 2 } as const;
/** So much faster than the lasting pace is still the same pace: windows end in the middle of epochs. */
const tolerated = 1.25;
/** A share that differs by less is the same. */
const deadband = 0.15;
/** A share goes up again no sooner than this after it went down, ms. */
const calmMs = 100;

interface Mark {
  readonly at: number;
  readonly total: number;
}

/**
 * What share of its downtime limit the source may plan with. QEMU stops the guest when what is left fits its limit at
 * the pace of its last 100 ms (`migration_update_counters` and the threshold it sets). Where deltas of a few bytes take
 * turns with pages that do not compress, that pace can be ten times the one at which the rest will go, and the pause ten
 * times the limit. So the share, above 0 and at most 1, shrinks as the pace of the moment exceeds the lasting one. Only rounds after
 * the first count, which sends pages that nobody may ever write to. Pure; the clock (ms) is passed in.
 */
export class StopShare {
  readonly #marks: Mark[] = [];
  readonly #peaks: { readonly at: number; readonly rate: number }[] = [];
  #share: number = unknownShare;
  #lowered = -Infinity;

  get share(): number {
    return this.#share;
  }

  /** Notes how many bytes have been taken from the source until now, and in which round; returns the share. */
  mark(total: number, round: number, now: number): number {
    if (round < 2) return this.#share;
    this.#marks.push({ at: now, total });
    while (this.#marks.length > 2 && now - (this.#marks[1] as Mark).at >= lastingMs) this.#marks.shift();
    const lasting = this.#rate(lastingMs, now);
    if (lasting === undefined || lasting === 0 || now - (this.#marks[0] as Mark).at < knownMs) return this.#share;
    this.#peaks.push({ at: now, rate: this.#rate(sourceWindowMs, now) ?? 0 });
    while (now - (this.#peaks[0]?.at ?? now) > rememberedMs) this.#peaks.shift();
    const fastest = this.#peaks.reduce((most, { rate }) => Math.max(most, rate), this.#sudden(lasting, now));
    this.#take(Math.min(1, (lasting * tolerated) / Math.max(fastest, 1)), now);
    return this.#share;
  }

  /** Not remembered: what was over before the source could see it must not keep the guest from switching over. */
  #sudden(lasting: number, now: number): number {
    const rate = this.#rate(lump.ms, now) ?? 0;
    return rate > lasting * lump.factor ? rate : 0;
  }

  #take(share: number, now: number): void {
    if (share < this.#share * (1 - deadband)) this.#lowered = now;
    else if (share < Math.min(1, this.#share * (1 + deadband)) || now - this.#lowered < calmMs) return;
    this.#share = share;
  }

  /** Bytes a second over so much of the past; absent before there are two marks. */
  #rate(overMs: number, now: number): number | undefined {
    const last = this.#marks.at(-1);
    const first = this.#marks.filter(({ at }) => now - at >= overMs).at(-1) ?? this.#marks[0];
    if (first === undefined || last === undefined || last.at <= first.at) return undefined;
    return ((last.total - first.total) * 1000) / (last.at - first.at);
  }
}
