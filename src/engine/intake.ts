import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { maxEpochBytes, maxPendingEpochs } from '../codec/order-table';
import type { Epoch, EpochBuilder } from './dispatch/epoch-builder';
import { RateMeter } from './rate-meter';
import type { SenderCounters } from './sender-stats';
import { Stopwatch } from './stopwatch';
import { StreamParser } from './stream/parser';

/** Longest piece of the source's stream looked at before asking whether to cut, bytes. */
const chunkBytes = 64 * 1024;
/** A source that has been silent this long has flushed what it had: do not keep it waiting in an open epoch. */
const quietMs = 2;
/** What one epoch may take on the wire, ms; smaller epochs compress worse, larger ones add to the downtime. */
const epochWireMs = 25;
const minEpochBytes = 256 * 1024;
/** Epochs cut and not yet on the wire: one being sent, one being compressed meanwhile. */
const epochsAhead = 2;
/** What the far end may have in its hands, as time at the pace it shows; deltas weigh little, applying them does not. */
const heldMs = 50;

/** Where the stream goes once it is cut, and what decides how large the pieces are. */
export interface IntakeOptions {
  readonly builder: EpochBuilder;
  readonly counters: SenderCounters;
  /** Bytes a second on the wire, 0 for unlimited or unknown. */
  readonly rate: () => number;
  /** Takes an epoch; `sent` is to be called when it has gone. */
  readonly onEpoch: (epoch: Epoch) => void;
  /** Once: the source closed its side, and every epoch has been given out. */
  readonly onEnd: () => void;
}

/** Cuts the source's stream into epochs and holds the source back: nothing may swallow what it sends. */
export class Intake {
  readonly #parser: StreamParser;
  #source: Socket | undefined;
  #outstanding = 0;
  #quiet: NodeJS.Timeout | undefined;
  /** Nothing has come from the source for a while. */
  #silent = false;
  #ended = false;
  #closed = false;
  /** Wire bytes for each stream byte lately, 0 to about 1. */
  #ratio = 1;
  readonly #acknowledged = new RateMeter(500);
  #acknowledgedBytes = 0;
  readonly #starved = new Stopwatch();
  readonly #held = new Stopwatch();
  #lastCut = 0;
  #waiting: readonly { readonly epoch: number; readonly resolve: () => void }[] = [];
  readonly #unacknowledged: { readonly epoch: number; readonly bytes: number }[] = [];

  constructor(private readonly options: IntakeOptions) {
    this.#parser = new StreamParser(options.builder);
  }

  /** Stream bytes taken from the source and not yet written to the destination. */
  get heldBytes(): number {
    return this.#unacknowledged.reduce((sum, { bytes }) => sum + bytes, this.options.builder.bytes);
  }

  /** Time in which nothing was under way, ms: for want of bytes, or because the destination had too many to go. */
  get waits(): { readonly sourceMs: number; readonly heldMs: number } {
    return { sourceMs: this.#starved.ms, heldMs: this.#held.ms };
  }

  /** Starts taking the source's stream. */
  attach(source: Socket): void {
    this.#source = source;
    this.#clock();
    source.on('data', (chunk: Buffer) => this.#take(chunk));
    source.on('end', () => this.#end());
    source.on('close', () => this.#end());
    source.on('error', () => this.#end());
    if (this.#closed) source.destroy();
  }

  /** Bytes of the return path. */
  answer(bytes: Buffer): void {
    this.#source?.write(bytes);
  }

  /** The return path is over. */
  endAnswers(): void {
    this.#source?.end();
  }

  /** An epoch has gone, which took so many bytes on the wire for so many of the stream. */
  sent(wireBytes: number, rawBytes: number): void {
    const weight = Math.min(0.5, rawBytes / maxEpochBytes);
    this.#ratio += weight * (Math.min(1.1, wireBytes / rawBytes) - this.#ratio);
    this.#outstanding -= 1;
    if (!this.#ended && !this.#closed) this.#decide();
  }

  /** Everything up to and with this epoch is with the destination. */
  acknowledge(epoch: number): void {
    while (this.#unacknowledged[0] !== undefined && this.#unacknowledged[0].epoch <= epoch) {
      this.#acknowledgedBytes += this.#unacknowledged.shift()?.bytes ?? 0;
    }
    for (const { epoch: last, resolve } of this.#waiting) if (last <= epoch) resolve();
    this.#waiting = this.#waiting.filter(({ epoch: last }) => last > epoch);
    this.#acknowledged.mark(this.#acknowledgedBytes, performance.now());
    if (!this.#ended && !this.#closed) this.#decide();
  }

  /**
   * Gives out what there is of an epoch, whatever its size: the next byte belongs to another one. Returns the number of
   * the last one given out, 0 for none.
   */
  cut(): number {
    this.#cut();
    return this.#lastCut;
  }

  /** Resolves when everything up to and with this epoch is with the destination. */
  acknowledged(epoch: number): Promise<void> {
    if ((this.#unacknowledged[0]?.epoch ?? Infinity) > epoch) return Promise.resolve();
    return new Promise((resolve) => (this.#waiting = [...this.#waiting, { epoch, resolve }]));
  }

  /** Cuts the source off, which makes one in mid-migration keep its guest. */
  close(): void {
    this.#closed = true;
    this.#clock();
    clearTimeout(this.#quiet);
    this.#source?.destroy();
  }

  #take(chunk: Buffer): void {
    if (this.#closed) return;
    const { builder, counters } = this.options;
    counters.rawBytes += chunk.length;
    this.#silent = false;
    for (let at = 0; at < chunk.length;) {
      const room = Math.min(chunkBytes, builder.roomBytes);
      if (room <= 0) {
        this.#cut();
        continue;
      }
      const piece = chunk.subarray(at, at + room);
      const opaqueBefore = this.#parser.phase === 'opaque';
      this.#parser.push(piece);
      builder.fed(piece);
      if (opaqueBefore) counters.deviceBytes += piece.length;
      at += piece.length;
    }
    this.#decide();
  }

  /** Cuts when the epoch is large enough, or all there is, and there is room ahead; else makes the source wait. */
  #decide(): void {
    if ((this.#full || this.#silent) && this.#roomAhead) this.#cut();
    if (this.#full) this.#source?.pause();
    else if (this.#source?.isPaused() === true) this.#source.resume();
    if (this.options.builder.bytes > 0 && !this.#silent && this.#quiet === undefined) {
      this.#quiet = setTimeout(() => this.#onQuiet(), quietMs);
    } else this.#quiet?.refresh();
    this.#clock();
  }

  /**
   * With an epoch still under way there is no hurry: the next one is cut when that one has gone. A source that we hold
   * back is not silent: cutting then would let it go on, whatever the far end has still in its hands.
   */
  #onQuiet(): void {
    this.#quiet = undefined;
    if (this.#source?.isPaused() === true) return;
    this.#silent = true;
    if (this.#outstanding === 0) this.#decide();
  }

  /** Large enough, or with pages of one shard that leave no room for another look at the source. */
  get #full(): boolean {
    const { bytes, roomBytes } = this.options.builder;
    return bytes >= this.#epochTarget() || roomBytes < chunkBytes;
  }

  get #roomAhead(): boolean {
    if (this.#outstanding >= epochsAhead || this.#unacknowledged.length >= maxPendingEpochs / 2) return false;
    const held = ((this.#acknowledged.rate ?? 0) * heldMs) / 1000;
    return this.heldBytes - this.options.builder.bytes < Math.max(maxEpochBytes, held);
  }

  #epochTarget(): number {
    const rate = this.options.rate();
    if (rate === 0) return maxEpochBytes / 2;
    const bytes = (rate * epochWireMs) / 1000 / Math.max(this.#ratio, 0.01);
    return Math.max(minEpochBytes, Math.min(maxEpochBytes / 2, bytes));
  }

  #clock(): void {
    const idle = this.#outstanding === 0 && !this.#ended && !this.#closed;
    const ready = this.#full || (this.#silent && this.options.builder.bytes > 0);
    this.#held.run(idle && ready);
    this.#starved.run(idle && !ready);
  }

  #cut(): void {
    const epoch = this.options.builder.cut();
    if (epoch === undefined) return;
    this.#lastCut = epoch.number;
    this.#outstanding += 1;
    this.#unacknowledged.push({ epoch: epoch.number, bytes: epoch.rawBytes });
    this.#clock();
    this.options.onEpoch(epoch);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#clock();
    clearTimeout(this.#quiet);
    if (this.#closed) return;
    this.#parser.end();
    this.options.builder.fed(Buffer.alloc(0));
    this.#cut();
    this.options.onEnd();
  }
}
