import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import xxhash from 'xxhash-wasm';
import { methodTable } from '../codec/methods';
import { maxEpochBytes } from '../codec/order-table';
import { WherryError } from '../shared/failure';
import type { Method, MigrationSettings } from '../shared/settings';
import type { SpawnWorker } from '../shared/worker';
import { RateMeter } from './rate-meter';
import { CompressPool, partPages, shardCachePages } from './dispatch/compress-pool';
import { EpochBuilder, type Epoch } from './dispatch/epoch-builder';
import { countPart, newSenderCounters } from './sender-stats';
import { StreamParser } from './stream/parser';
import { Channel } from './wire/channel';
import { epochBody, partBody } from './wire/epoch-frame';
import type { Frame } from './wire/frame';
import { encodeJson, parseFailure } from './wire/hello';
import { PacedWriter } from './wire/paced-writer';

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
const handshakeMs = 10_000;
/** Tables shorter than this go as they are. */
const minPackedTableBytes = 512;

export interface SenderOptions {
  readonly settings: MigrationSettings;
  readonly spawn: SpawnWorker;
  readonly onNotice: (text: string) => void;
  /** Once: why the source's stream was cut off. Never called after the source has closed its side by itself. */
  readonly onFailure: (error: WherryError) => void;
}

/** Takes the source's stream, carries it to a receiver, and brings the return path back. */
export class Sender {
  readonly counters = newSenderCounters();
  readonly #parser: StreamParser;
  readonly #pool: CompressPool;
  #channel: Channel | undefined;
  #writer: PacedWriter | undefined;
  #source: Socket | undefined;
  #failure: WherryError | undefined;
  #outstanding = 0;
  #chain: Promise<void> = Promise.resolve();
  #quiet: NodeJS.Timeout | undefined;
  /** Nothing has come from the source for a while. */
  #silent = false;
  #sourceEnded = false;
  #closed = false;
  #ratio = 1;
  readonly #acknowledged = new RateMeter(500);
  #acknowledgedBytes = 0;
  readonly #unacknowledged: { readonly epoch: number; readonly bytes: number }[] = [];
  #welcome: (() => void) | undefined;
  #refused: ((error: WherryError) => void) | undefined;

  private constructor(
    private readonly options: SenderOptions,
    private readonly builder: EpochBuilder,
  ) {
    const { settings, spawn, onNotice } = options;
    this.#parser = new StreamParser(builder);
    this.#pool = new CompressPool({
      spawn,
      threads: settings.compressThreads,
      cacheBytes: settings.xbzrleCacheBytes,
      method: settings.method,
      level: settings.level,
      onRestart: (name, reason) => onNotice(`${name} died (${reason}) and was started again, its cache cold`),
    });
  }

  /** Starts the compress workers. */
  static async create(options: SenderOptions): Promise<Sender> {
    const { compressThreads } = options.settings;
    return new Sender(options, new EpochBuilder(await xxhash(), compressThreads, partPages(compressThreads)));
  }

  /** Connects to a receiver and introduces itself; rejects with `wire-closed`, `wire-protocol` or `wire-refused`. */
  async connect(host: string, port: number, token: string): Promise<void> {
    const { settings } = this.options;
    const socket = connect({ host, port });
    const channel = new Channel(socket, 'receiver', {
      onFrame: (frame) => this.#hear(frame),
      onEnd: (error) => this.#fail(error),
    });
    this.#channel = channel;
    this.#writer = new PacedWriter(channel, settings.maxBandwidth);
    const welcomed = new Promise<void>((resolve, reject) => {
      this.#welcome = resolve;
      this.#refused = reject;
    });
    const timer = setTimeout(
      () => this.#fail(new WherryError('wire-closed', `no answer from ${host}:${port} for ${handshakeMs} ms`)),
      handshakeMs,
    );
    const { compressThreads: shards, decompressThreads, xbzrleCacheBytes } = settings;
    const cachePagesPerShard = shardCachePages(xbzrleCacheBytes, shards);
    const hello = { token, shards, decompressThreads, cachePagesPerShard, maxPartPages: partPages(shards) };
    void this.#writer.send('hello', [encodeJson(hello)]);
    try {
      await welcomed;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Starts carrying the source's stream. */
  attach(source: Socket): void {
    this.#source = source;
    source.on('data', (chunk: Buffer) => this.#take(chunk));
    source.on('end', () => this.#endOfSource());
    source.on('close', () => this.#endOfSource());
    source.on('error', () => this.#endOfSource());
    if (this.#failure !== undefined || this.#closed) source.destroy();
  }

  /** Wire bytes written so far, framing included. */
  get wireBytes(): number {
    return this.#channel?.bytesSent ?? 0;
  }

  /** Stream bytes taken from the source and not yet written to the destination. */
  get unacknowledgedBytes(): number {
    return this.#unacknowledged.reduce((sum, { bytes }) => sum + bytes, this.builder.bytes);
  }

  /** Wire bytes written and not yet taken by the receiver. */
  get inFlightBytes(): number {
    return this.#writer?.inFlight ?? 0;
  }

  /** Milliseconds spent waiting for the limiter, for the receiver or socket. */
  get waits(): { readonly limitedMs: number; readonly blockedMs: number } {
    return { limitedMs: this.#writer?.limitedMs ?? 0, blockedMs: this.#writer?.blockedMs ?? 0 };
  }

  /** Wire bytes for each stream byte lately, 0 to about 1. */
  get wireRatio(): number {
    return this.#ratio;
  }

  workers(): ReturnType<CompressPool['status']> {
    return this.#pool.status();
  }

  /** Ends everything; the source's socket is cut off, which makes a source in mid-migration keep its guest. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#quiet);
    this.#source?.destroy();
    this.#channel?.destroy();
    this.#pool.close();
  }

  #take(chunk: Buffer): void {
    if (this.#failure !== undefined || this.#closed) return;
    this.counters.rawBytes += chunk.length;
    this.#silent = false;
    for (let at = 0; at < chunk.length;) {
      const room = Math.min(chunkBytes, this.builder.roomBytes);
      if (room <= 0) {
        this.#cut();
        continue;
      }
      const piece = chunk.subarray(at, at + room);
      const opaqueBefore = this.#parser.phase === 'opaque';
      this.#parser.push(piece);
      this.builder.fed(piece);
      if (opaqueBefore) this.counters.deviceBytes += piece.length;
      at += piece.length;
    }
    this.#decide();
  }

  /** Cuts when the epoch is large enough, or all there is, and there is room ahead; else makes the source wait. */
  #decide(): void {
    if ((this.#full || this.#silent) && this.#roomAhead) this.#cut();
    if (this.#full) this.#source?.pause();
    else if (this.#source?.isPaused() === true) this.#source.resume();
    if (this.builder.bytes > 0 && !this.#silent && this.#quiet === undefined) {
      this.#quiet = setTimeout(() => this.#onQuiet(), quietMs);
    } else this.#quiet?.refresh();
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
    return this.builder.bytes >= this.#epochTarget() || this.builder.roomBytes < chunkBytes;
  }

  get #roomAhead(): boolean {
    if (this.#outstanding >= epochsAhead) return false;
    const held = ((this.#acknowledged.rate ?? 0) * heldMs) / 1000;
    return this.unacknowledgedBytes - this.builder.bytes < Math.max(maxEpochBytes, held);
  }

  #epochTarget(): number {
    const rate = this.options.settings.maxBandwidth;
    if (rate === 0) return maxEpochBytes / 2;
    const bytes = (rate * epochWireMs) / 1000 / Math.max(this.#ratio, 0.01);
    return Math.max(minEpochBytes, Math.min(maxEpochBytes / 2, bytes));
  }

  #cut(): void {
    const epoch = this.builder.cut();
    if (epoch === undefined) return;
    this.#outstanding += 1;
    this.#unacknowledged.push({ epoch: epoch.number, bytes: epoch.rawBytes });
    this.counters.duplicate += epoch.zeroPages;
    const sent = this.#carry(epoch, this.#chain);
    this.#chain = sent.then(
      () => this.#sent(),
      (error: unknown) => this.#fail(asWherryError(error)),
    );
  }

  #sent(): void {
    this.#outstanding -= 1;
    if (!this.#sourceEnded && !this.#closed) this.#decide();
  }

  /** Encodes an epoch's parts at once, and sends it when those before it have gone. */
  async #carry(epoch: Epoch, before: Promise<void>): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined) throw new WherryError('internal', 'an epoch before the link');
    const encoding = epoch.parts.map((part) => this.#pool.encode(part));
    for (const part of encoding) part.catch(() => undefined);
    const { number, rawBytes, digest } = epoch;
    const [{ method, table }] = await Promise.all([this.#packed(epoch.table), before]);
    const head = { rawBytes, digest, parts: encoding.length, method, tableBytes: epoch.table.length, table };
    await writer.send('epoch', epochBody(head), number);
    let wire = table.length;
    for (const part of encoding) {
      const encoded = await part;
      const { shard, pages, frame, answer } = encoded;
      wire += frame.length;
      const body = partBody({ method: answer.method, pages, rawBytes: answer.rawBytes, frame });
      await writer.send('part', body, number, shard);
      countPart(this.counters, encoded);
    }
    const weight = Math.min(0.5, rawBytes / maxEpochBytes);
    this.#ratio += weight * (Math.min(1.1, wire / rawBytes) - this.#ratio);
  }

  /** Tables hold the device state too, so they are compressed where that pays. */
  async #packed(table: Buffer): Promise<{ readonly method: Method; readonly table: Uint8Array }> {
    const { method, level } = this.options.settings;
    if (method === 'none' || table.length < minPackedTableBytes) return { method: 'none', table };
    const packed = await methodTable[method].compress(table, level);
    return packed.length < table.length ? { method, table: packed } : { method: 'none', table };
  }

  #endOfSource(): void {
    if (this.#sourceEnded) return;
    this.#sourceEnded = true;
    clearTimeout(this.#quiet);
    if (this.#failure !== undefined || this.#closed) return;
    this.#parser.end();
    this.builder.fed(Buffer.alloc(0));
    this.#cut();
    void this.#chain.then(() => this.#writer?.send('end'));
  }

  #hear({ type, epoch, body }: Frame): void {
    if (type === 'received') this.#writer?.received(Number(body.readBigUInt64BE(0)));
    else if (type === 'ack') this.#acknowledge(epoch);
    else if (type === 'returnPath') this.#source?.write(body);
    else if (type === 'returnEnd') this.#endOfReturnPath();
    else if (type === 'welcome') this.#welcome?.();
    else if (type === 'failure') {
      const { code, message } = parseFailure(body);
      this.#fail(new WherryError(code, message));
    } else throw new WherryError('wire-protocol', `an unexpected ${type} frame`);
  }

  #acknowledge(epoch: number): void {
    while (this.#unacknowledged[0] !== undefined && this.#unacknowledged[0].epoch <= epoch) {
      this.#acknowledgedBytes += this.#unacknowledged.shift()?.bytes ?? 0;
    }
    this.#acknowledged.mark(this.#acknowledgedBytes, performance.now());
    if (!this.#sourceEnded && !this.#closed) this.#decide();
  }

  /** The destination closed its side: normal after the whole stream, the end of everything before. */
  #endOfReturnPath(): void {
    if (this.builder.opaqueReason === undefined) {
      this.#fail(new WherryError('destination-failed', 'the destination closed the stream in mid-migration'));
    } else this.#source?.end();
  }

  #fail(error: WherryError): void {
    if (this.#failure !== undefined || this.#closed) return;
    this.#failure = error;
    this.#refused?.(error);
    clearTimeout(this.#quiet);
    this.#source?.destroy();
    this.#channel?.destroy();
    this.options.onFailure(error);
  }
}

function asWherryError(error: unknown): WherryError {
  return error instanceof WherryError ? error : new WherryError('internal', String(error), { cause: error });
}
