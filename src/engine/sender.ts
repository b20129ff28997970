import type { Socket } from 'node:net';
import xxhash from 'xxhash-wasm';
import { stalledNotice } from '../codec/stall-watch';
import { WherryError, asWherryError } from '../shared/failure';
import { pageBytes, type MigrationSettings } from '../shared/settings';
import type { Reconnecting } from '../shared/snapshot';
import { formatBytes } from '../shared/units';
import type { Way } from '../shared/way';
import type { SpawnWorker } from '../shared/worker';
import { CompressPool, partPages } from './dispatch/compress-pool';
import { EpochBuilder, type Epoch } from './dispatch/epoch-builder';
import type { RamMap } from './dispatch/ram-map';
import type { RewriteFigures } from './dispatch/rewrite-sampler';
import { EpochCarrier } from './epoch-carrier';
import { Intake } from './intake';
import { Layouts } from './layouts';
import { MethodChoice, type ChosenWay } from './method-choice';
import type { Waits } from './bottleneck';
import type { Progress } from './progress';
import type { RatioSample } from './ratio-sampler';
import { countEpoch, newSenderCounters } from './sender-stats';
import type { Frame } from './wire/frame';
import type { Beats } from './wire/pulse';
import type { Pairing } from '../shared/pairing';
import { SenderLink } from './wire/sender-link';

/** What a sender starts with, and whom it tells. */
export interface SenderOptions {
  readonly settings: MigrationSettings;
  readonly spawn: SpawnWorker;
  readonly onNotice: (text: string) => void;
  /** Once: why the source's stream was cut off. Never called after the source has closed its side by itself. */
  readonly onFailure: (error: WherryError) => void;
  /** What the destination says on the return path. */
  readonly onAnswer?: (bytes: Buffer) => void;
  /** The stream has ended and the return path too: there is no more to carry. */
  readonly onOver?: () => void;
  /** When a silent link counts as lost, if not after 5 s. */
  readonly beats?: Beats;
  /** The receiver is known to be there. */
  readonly known?: boolean;
}

/** Takes the source's stream, carries it to a receiver, and brings the return path back. */
export class Sender {
  readonly counters = newSenderCounters();
  readonly #intake: Intake;
  readonly #pool: CompressPool;
  readonly #layouts: Layouts;
  readonly #choice: MethodChoice;
  readonly #carrier: EpochCarrier;
  #link: SenderLink | undefined;
  #settings: MigrationSettings;
  #failure: WherryError | undefined;
  #chain: Promise<void> = Promise.resolve();
  #closed = false;
  #sentEnd = false;
  #answersEnded = false;
  #stopped = false;

  private constructor(
    private readonly options: SenderOptions,
    private readonly builder: EpochBuilder,
  ) {
    const { settings, spawn, onNotice } = options;
    this.#settings = settings;
    this.#intake = new Intake({
      builder,
      counters: this.counters,
      rate: () => this.#link?.writer.linkRate ?? 0,
      onEpoch: (epoch) => this.#queue(epoch),
      onEnd: () => void this.#chain.then(() => this.#sendEnd()),
    });
    this.#pool = new CompressPool({
      spawn,
      threads: settings.compressThreads,
      cacheBytes: settings.xbzrleCacheBytes,
      cachePolicy: settings.cachePolicy,
      waitForThread: settings.waitForThread,
      onBusy: (pages) => (this.counters.busy += pages),
      onEncoded: (keys, { ops, method }) => builder.map.markPart(keys, ops, method),
      onRestart: (name, reason) => onNotice(`${name} died (${reason}) and was started again, its cache cold`),
      onStalled: (name, ms) => onNotice(stalledNotice(name, ms)),
    });
    this.#layouts = new Layouts({
      pool: this.#pool,
      builder,
      intake: this.#intake,
      counters: this.counters,
      inTurn: (step) => this.#inTurn(step),
      send: async (body) => this.#link?.writer.send('layout', body),
      onFailure: (error) => this.#fail(error),
    });
    this.#choice = new MethodChoice(
      settings,
      { setWay: (way) => this.#setWay(way), tryOn: (ways) => this.#pool.tryOn(ways) },
      () => this.#progress,
    );
    const isPlainMethod = (): boolean => this.#settings.method === 'none';
    this.#carrier = new EpochCarrier({
      pool: this.#pool,
      choice: this.#choice,
      counters: this.counters,
      isPlainMethod,
    });
  }

  /** Starts the compress workers. */
  static async create(options: SenderOptions): Promise<Sender> {
    const { compressThreads } = options.settings;
    return new Sender(options, new EpochBuilder(await xxhash(), compressThreads, partPages(compressThreads)));
  }

  /** Connects to a receiver and introduces itself; rejects with `wire-closed`, `wire-protocol` or `wire-refused`. */
  async connect(to: Pairing): Promise<void> {
    if (this.#closed) throw new WherryError('cancelled', 'the sender was closed before it had connected');
    const { decompressThreads, channels, maxBandwidth: rate, resumeWindowMs } = this.#settings;
    const link = new SenderLink({
      to,
      rate,
      windowMs: resumeWindowMs,
      ...(this.options.beats !== undefined && { beats: this.options.beats }),
      ...(this.options.known !== undefined && { known: this.options.known }),
      onFrame: (frame) => this.#hear(frame),
      onNotice: this.options.onNotice,
      onEnd: (error) => this.#fail(error),
    });
    this.#link = link;
    const { partPages: maxPartPages, layout } = this.#pool;
    const meant = to.destination === undefined ? {} : { destination: to.destination };
    const hello = { decompressThreads, channels, maxPartPages, ...layout, resumeWindowMs, ...meant };
    const [{ maxCacheBytes }] = await Promise.all([link.open(to.token, hello), this.#pool.ready()]);
    if (!this.#layouts.allow(maxCacheBytes)) await this.#takeLess();
  }

  /** The settings in force; their cache may be less than was asked for. */
  get settings(): MigrationSettings {
    return this.#settings;
  }

  /** Goes on with the cache that the receiver allows, which is less than was asked for. */
  async #takeLess(): Promise<void> {
    const asked = this.#settings.xbzrleCacheBytes;
    const { xbzrleCacheBytes } = await this.change(this.#settings);
    const sizes = `${formatBytes(xbzrleCacheBytes)}, ${formatBytes(asked)} were asked for`;
    this.options.onNotice(`the receiver allows an XBZRLE cache of ${sizes}`);
  }

  /** Starts carrying the source's stream. */
  attach(source: Socket): void {
    this.#intake.attach(source);
  }

  /**
   * Goes on with other settings, from the next part and the next byte on; resolves to those in force, whose cache is
   * no larger than the receiver allows. Compress threads that have to be started are at work by then.
   */
  async change(wanted: MigrationSettings): Promise<MigrationSettings> {
    const settings = this.#layouts.allowed(wanted);
    const layout = this.#layouts.other(settings);
    if (layout !== undefined) {
      await this.#pool.prepare(layout);
      if (this.#closed || this.#failure !== undefined) throw new WherryError('usage', 'there is no more to change');
      this.#layouts.use(layout);
    }
    this.#settings = settings;
    this.#choice.use(settings);
    this.#link?.writer.setRate(settings.maxBandwidth);
    return settings;
  }

  /** Writes nothing more to the wire until `resume`; the source is held back by what it fills meanwhile. */
  pause(): void {
    this.#link?.writer.pause();
  }

  resume(): void {
    this.#link?.writer.resume();
  }

  get map(): RamMap {
    return this.builder.map;
  }

  nextRound(): void {
    this.builder.map.nextRound();
    this.builder.rewrites.nextRound();
  }

  get sample(): RatioSample | undefined {
    return this.#carrier.sample;
  }

  get rewrites(): RewriteFigures | undefined {
    return this.builder.rewrites.figures;
  }

  /** The largest cache that the receiver takes, bytes. */
  get mostCacheBytes(): number {
    return this.#layouts.mostCacheBytes;
  }

  /** Wire bytes written so far, framing included. */
  get wireBytes(): number {
    return this.channelBytes.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** The same for each channel. */
  get channelBytes(): readonly number[] {
    return this.#link?.writer.channelBytes ?? [];
  }

  /** Stream bytes taken from the source and not yet written to the destination. */
  get unacknowledgedBytes(): number {
    return this.#intake.heldBytes;
  }

  /** Wire bytes written and not yet taken by the receiver. */
  get inFlightBytes(): number {
    return this.#link?.writer.inFlight ?? 0;
  }

  /** What is done about a link that was lost; absent while all is well. */
  get reconnecting(): Reconnecting | undefined {
    return this.#link?.outage.reconnecting;
  }

  /** How often the link was lost and came back. */
  get reconnects(): number {
    return this.#link?.outage.mended ?? 0;
  }

  /** The guest stands still: a link that is lost now has less time to come back; or it runs again. */
  hurry(stopped: boolean): void {
    this.#stopped = stopped;
    this.#setHurry();
  }

  get waits(): Waits {
    const { limitedMs = 0, blockedMs = 0 } = this.#link?.writer ?? {};
    return { limitedMs, blockedMs, compressMs: this.#carrier.compressMs, ...this.#intake.waits };
  }

  /** How pages are carried now. */
  get way(): ChosenWay {
    return this.#choice.way;
  }

  workers(): ReturnType<CompressPool['status']> {
    return this.#pool.status();
  }

  /** The source has sent all of the guest's memory, or what may be some of it in a form that is not understood. */
  get pagesDone(): boolean {
    const { opaqueReason } = this.builder;
    return opaqueReason !== undefined && opaqueReason !== 'truncated';
  }

  get #progress(): Progress {
    const { rawBytes, partBytes, frameBytes, normal, xbzrle, unchanged, repeated } = this.counters;
    const guestBytes = (normal + xbzrle + unchanged + repeated) * pageBytes;
    const { wireBytes, waits } = this;
    return { rawBytes, pageBytes: guestBytes, partBytes, frameBytes, wireBytes, waits };
  }

  #setWay(way: Way): void {
    this.#pool.setWay(way);
    this.builder.setPlain(way.asItComes === true);
  }

  /** Ends everything that is over anyway, in good order: the receiver hears the last frame. */
  finish(): void {
    this.#link?.finish();
    this.close();
  }

  /** Ends everything; the source's socket is cut off, which makes a source in mid-migration keep its guest. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#intake.close();
    this.#choice.close();
    this.#link?.destroy();
    this.#pool.close();
  }

  /** After all that was queued before; what is queued later waits for it. */
  #inTurn(step: () => Promise<void>): void {
    this.#chain = this.#chain.then(step).catch((error: unknown) => this.#fail(asWherryError(error)));
  }

  /** A guest all of whose memory has been sent stands still, whoever knows of it. */
  #setHurry(): void {
    const { switchoverResumeWindowMs } = this.#settings;
    this.#link?.outage.hurry(this.#stopped || this.pagesDone ? switchoverResumeWindowMs : undefined);
  }

  #queue(epoch: Epoch): void {
    countEpoch(this.counters, epoch);
    this.#setHurry();
    const carried = this.#carry(epoch, this.#chain);
    this.#chain = carried.then(
      ({ gone }) => void gone.then((wireBytes) => this.#intake.sent(wireBytes, epoch.rawBytes)),
      (error: unknown) => this.#fail(asWherryError(error)),
    );
  }

  async #carry(epoch: Epoch, before: Promise<void>): Promise<{ readonly gone: Promise<number> }> {
    if (this.#link === undefined) throw new WherryError('internal', 'an epoch before the link');
    return this.#carrier.carry(epoch, this.#link.writer, before);
  }

  #hear({ type, epoch, body }: Frame): void {
    if (type === 'ack') this.#intake.acknowledge(epoch);
    else if (type === 'returnPath') {
      this.options.onAnswer?.(body);
      this.#intake.answer(body);
    } else if (type === 'returnEnd') this.#endOfReturnPath();
    else if (type === 'laidOut') this.#layouts.laidOut();
    else throw new WherryError('wire-protocol', `an unexpected ${type} frame`);
  }

  /** The destination closed its side: normal after the whole stream, the end of everything before. */
  #endOfReturnPath(): void {
    if (this.builder.opaqueReason === undefined) {
      this.#fail(new WherryError('destination-failed', 'the destination closed the stream in mid-migration'));
    } else {
      this.#intake.endAnswers();
      this.#answersEnded = true;
      this.#whenOver();
    }
  }

  async #sendEnd(): Promise<void> {
    await this.#link?.writer.send('end');
    this.#sentEnd = true;
    this.#whenOver();
  }

  #whenOver(): void {
    if (this.#sentEnd && this.#answersEnded && this.#failure === undefined) this.options.onOver?.();
  }

  #fail(error: WherryError): void {
    if (this.#failure !== undefined || this.#closed) return;
    this.#failure = error;
    this.#intake.close();
    this.#link?.destroy();
    this.options.onFailure(error);
  }
}
