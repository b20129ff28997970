import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { WherryError } from '../shared/failure';
import type { MigrationSettings } from '../shared/settings';
import type { Waits } from './bottleneck';
import type { Carrier } from './carrier';
import { DirectEncoder } from './direct-encoder';
import type { RamMap } from './dispatch/ram-map';
import type { RewriteFigures } from './dispatch/rewrite-sampler';
import { newSenderCounters } from './sender-stats';
import { Stopwatch } from './stopwatch';
import { StreamParser } from './stream/parser';
import { TokenBucket, inFlightBound, sliceBytes } from './wire/token-bucket';

/** Longest piece of the source's stream looked at before asking whether to hold it back. */
const chunkBytes = 64 * 1024;

/** What the way straight into a QEMU needs of the session. */
export interface DirectOptions {
  readonly settings: MigrationSettings;
  readonly onFailure: (error: WherryError) => void;
}

/** Brings the source's stream to an unmodified QEMU, with no receiver between: native XBZRLE and the limit, no more. */
export class DirectCarrier implements Carrier {
  readonly counters = newSenderCounters();
  readonly #encoder: DirectEncoder;
  readonly #parser: StreamParser;
  readonly #bucket: TokenBucket;
  readonly #queue: Buffer[] = [];
  #queued = 0;
  #pumping = false;
  #source: Socket | undefined;
  #sourceEnded = false;
  #closed = false;
  wireBytes = 0;
  #rate: number;
  #paused = false;
  #wake: (() => void) | undefined;
  #limitedMs = 0;
  #blockedMs = 0;
  readonly #idle = new Stopwatch();
  settings: MigrationSettings;

  /** `destination` is a connected migration socket. */
  constructor(
    private readonly destination: Socket,
    private readonly options: DirectOptions,
  ) {
    this.settings = options.settings;
    this.#rate = options.settings.maxBandwidth;
    this.#bucket = new TokenBucket(this.#rate, performance.now());
    this.#encoder = new DirectEncoder(options.settings, this.counters, (bytes) => {
      this.#queue.push(bytes);
      this.#queued += bytes.length;
    });
    this.#parser = new StreamParser(this.#encoder);
    destination.on('data', (bytes: Buffer) => this.#source?.write(bytes));
    destination.on('end', () => this.#endOfAnswers());
    destination.on('close', () => this.#endOfAnswers());
    destination.on('error', (error) => this.#fail(error.message));
  }

  get map(): RamMap {
    return this.#encoder.map;
  }

  get rewrites(): RewriteFigures | undefined {
    return this.#encoder.rewrites.figures;
  }

  nextRound(): void {
    this.#encoder.map.nextRound();
    this.#encoder.rewrites.nextRound();
  }

  get inFlightBytes(): number {
    return this.#queued + this.destination.writableLength;
  }

  get unacknowledgedBytes(): number {
    return this.inFlightBytes;
  }

  /** Link and destination are one here: what the socket does not take, one of them does not. */
  get waits(): Waits {
    const [limitedMs, blockedMs, sourceMs] = [this.#limitedMs, this.#blockedMs, this.#idle.ms];
    return { limitedMs, blockedMs, sourceMs, compressMs: 0, heldMs: 0 };
  }

  /** None: one stream of records needs no more than one thread. */
  workers(): readonly [] {
    return [];
  }

  attach(source: Socket): void {
    this.#source = source;
    this.#idle.run(true);
    source.on('data', (chunk: Buffer) => this.#take(chunk));
    source.on('end', () => this.#endOfSource());
    source.on('close', () => this.#endOfSource());
    source.on('error', () => this.#endOfSource());
    if (this.#closed) source.destroy();
  }

  change(settings: MigrationSettings): Promise<MigrationSettings> {
    return Promise.resolve(settings).then((next) => this.#use(next));
  }

  #use(settings: MigrationSettings): MigrationSettings {
    const { method, maxBandwidth, compressThreads, xbzrleCacheBytes } = settings;
    if (method !== 'none' || compressThreads !== this.options.settings.compressThreads) {
      throw new WherryError('usage', 'nothing but XBZRLE can be used without a receiver');
    }
    this.#encoder.resize(xbzrleCacheBytes);
    this.#rate = maxBandwidth;
    this.#bucket.setRate(maxBandwidth, performance.now());
    this.settings = settings;
    return settings;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#wake?.();
  }

  /** A link without a receiver cannot be restored, so nothing is waited for. */
  hurry(): void {
    return undefined;
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
    this.#source?.destroy();
    this.destination.destroy();
  }

  #take(chunk: Buffer): void {
    if (this.#closed) return;
    this.counters.rawBytes += chunk.length;
    for (let at = 0; at < chunk.length; at += chunkBytes) this.#parser.push(chunk.subarray(at, at + chunkBytes));
    if (this.#queued > this.#most) this.#source?.pause();
    if (!this.#pumping) void this.#pump();
  }

  /** Bytes that may wait here: what is held adds to the pause. */
  get #most(): number {
    return inFlightBound(this.#rate, 0);
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    this.#idle.run(false);
    while (this.#queue.length > 0 && !this.#closed) {
      const bytes = this.#queue.length === 1 ? (this.#queue[0] as Buffer) : Buffer.concat(this.#queue);
      this.#queue.length = 0;
      for (let at = 0; at < bytes.length && !this.#closed;) {
        const piece = bytes.subarray(at, at + sliceBytes(this.#rate));
        at += piece.length;
        await this.#write(piece);
      }
      this.#resume();
    }
    this.#pumping = false;
    this.#idle.run(!this.#sourceEnded);
    if (this.#sourceEnded && !this.#closed) this.destination.end();
  }

  async #write(piece: Buffer): Promise<void> {
    while (this.#paused && !this.#closed) await new Promise<void>((resolve) => (this.#wake = resolve));
    const started = performance.now();
    for (let wait = this.#bucket.delay(started); wait > 0; wait = this.#bucket.delay(performance.now())) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, Math.floor(wait))));
    }
    const permitted = performance.now();
    this.#limitedMs += permitted - started;
    this.#bucket.take(piece.length, permitted);
    this.#queued -= piece.length;
    this.wireBytes += piece.length;
    if (this.#closed || this.destination.write(piece)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.destination.off('drain', done).off('close', done);
        resolve();
      };
      this.destination.on('drain', done).on('close', done);
    });
    this.#blockedMs += performance.now() - permitted;
  }

  #resume(): void {
    if (this.#queued <= this.#most && this.#source?.isPaused() === true) this.#source.resume();
  }

  #endOfSource(): void {
    if (this.#sourceEnded || this.#closed) return;
    this.#sourceEnded = true;
    this.#parser.end();
    if (!this.#pumping) void this.#pump();
  }

  /** The destination closed its side: normal after the whole stream, the end of everything before. */
  #endOfAnswers(): void {
    if (this.#encoder.opaqueReason === undefined) this.#fail('it closed the stream in mid-migration');
    else this.#source?.end();
  }

  #fail(why: string): void {
    if (this.#closed || this.#sourceEnded) return;
    this.close();
    this.options.onFailure(new WherryError('destination-failed', `the destination's migration socket: ${why}`));
  }
}
