import type { Socket } from 'node:net';
import type { XXHashAPI } from 'xxhash-wasm';
import { WherryError, asWherryError } from '../shared/failure';
import type { SpawnWorker } from '../shared/worker';
import { stalledNotice } from '../codec/stall-watch';
import { methodTable } from '../codec/methods';
import { maxTableBytes } from '../codec/order-table';
import { Sequence } from '../codec/sequence';
import { DecompressPool } from './receive/decompress-pool';
import { EpochAssembler } from './receive/epoch-assembler';
import { StreamRebuilder } from './receive/rebuild';
import type { Budget, Lease } from './budget';
import { Delivery } from './delivery';
import type { Visitor } from './door';
import { putPageHead, putZero } from './stream/format';
import type { Channel } from './wire/channel';
import { ReceiverLink } from './wire/receiver-link';
import { parseEpochBody, parsePartBody } from './wire/epoch-frame';
import type { Frame } from './wire/frame';
import { parseFailure, type Hello } from './wire/hello';
import type { Beats } from './wire/pulse';
import { parseLayoutBody, type LayoutBody } from './wire/layout';
import { isSameSecret } from './wire/secret';

/** Stream bytes taken off the wire and not yet with the destination before the link is made to wait. */
const maxPendingBytes = 16 * 2 ** 20;

/** What a session needs of whoever admitted it. */
export interface SessionOptions {
  readonly spawn: SpawnWorker;
  /** Bytes of XBZRLE cache a sender may ask for. */
  readonly maxCacheBytes: number;
  /**
   * Opens the destination's migration socket when a sender has been accepted; where that gives nothing yet, once more
   * when there is something to write: `late`.
   */
  readonly connectDestination: (late: boolean) => Promise<Socket | undefined>;
  readonly onFailure: (error: WherryError) => void;
  /** The sender has gone, and everything is where it should be. */
  readonly onDone?: () => void;
  readonly onNotice: (text: string) => void;
  /** What all sessions together may read. */
  readonly budget?: Budget;
  /** How long a sender that was let in may take to bring its further channels; 10 s. */
  readonly joinMs?: number;
  /** How much longer than the sender asks for it is waited for, once its link is lost; 15 s. */
  readonly graceMs?: number;
  /** How often the sender hears that we live; once a second. */
  readonly beats?: Beats;
}

/** One accepted sender. */
export class ReceiverSession implements Visitor {
  readonly #pool: DecompressPool;
  readonly #assembler: EpochAssembler;
  readonly #link: ReceiverLink;
  readonly #lease: Lease | undefined;
  readonly #delivery: Delivery;
  #welcomed = false;
  /** Why nothing more is taken. */
  #failure: WherryError | undefined;
  #ended = false;
  #layingOut = false;
  readonly #unpacking = new Sequence();

  constructor(
    first: Channel,
    private readonly hello: Hello,
    hasher: XXHashAPI,
    private readonly options: SessionOptions,
  ) {
    const { shards, decompressThreads: threads, cachePagesPerShard, maxPartPages, channels } = hello;
    const { spawn, onNotice, joinMs, graceMs, beats } = options;
    const onStalled = (name: string, ms: number): void => onNotice(stalledNotice(name, ms));
    this.#pool = new DecompressPool({ spawn, threads, cachePagesPerShard, maxPartPages, onStalled });
    this.#assembler = new EpochAssembler(
      hasher,
      this.#pool,
      new StreamRebuilder({ putPageHead, putZero }, shards),
      shards,
      (bytes, epoch) => this.#emit(bytes, epoch),
      (error) => this.fail(error),
    );
    this.#delivery = new Delivery({
      connect: options.connectDestination,
      onAnswer: (bytes) => this.#link.send('returnPath', bytes),
      onAnswersEnd: () => this.#link.send('returnEnd'),
      onLost: (message) => this.#lost(message),
    });
    this.#link = new ReceiverLink(first, {
      channels,
      windowMs: hello.resumeWindowMs,
      comesAgain: hello.attempt !== undefined,
      ...(joinMs !== undefined && { joinMs }),
      ...(graceMs !== undefined && { graceMs }),
      ...(beats !== undefined && { beats }),
      onNotice,
      onTaken: (bytes) => {
        this.#lease?.took(bytes);
        this.#hold();
      },
      onFull: (full) => this.#delivery.hold(full),
      onMissing: (error) => this.fail(error),
    });
    this.#lease = options.budget?.lease(() => this.#hold());
    // A guest must not be stopped for workers that are still starting: no welcome before they take jobs.
    this.#pool
      .ready()
      .then(() => this.#delivery.connect(false))
      .then(
        () => this.#welcome(),
        (error: unknown) => this.fail(error),
      );
  }

  /** Takes a further channel of this sender, or one again; throws `wire-refused` for one that cannot prove that it is. */
  join(channel: Channel, { body }: Frame): Visitor {
    const index = this.#link.join(channel, body);
    if (this.#failure !== undefined) throw this.#failure;
    return { hear: (frame) => this.#hear(index, frame), lost: (error) => this.#onLost(index, error) };
  }

  /** Takes the sender's first connection again, before it has heard its welcome; throws `wire-refused` for anybody else's. */
  again(channel: Channel, hello: Hello): Visitor {
    if (!isSameSecret(hello.attempt, this.hello.attempt)) {
      throw new WherryError('wire-refused', 'its stream is connected already');
    }
    if (this.#failure !== undefined) throw this.#failure;
    this.#link.again(channel);
    return this;
  }

  /** The sender says that it will not come back; throws `wire-refused` for anybody else. */
  leave({ body }: Frame): void {
    this.#link.expectLeave(body);
    if (this.#ended) this.options.onDone?.();
    else this.fail(new WherryError('wire-closed', 'the sender has left'));
  }

  /** What comes on the first connection. */
  hear(frame: Frame): void {
    this.#hear(0, frame);
  }

  lost(error: WherryError): void {
    this.#onLost(0, error);
  }

  #hear(index: number, frame: Frame): void {
    const { type } = frame;
    if (type === 'failure') return this.#givenUp(frame);
    if (!this.#welcomed) throw new WherryError('wire-protocol', `a ${type} frame before the welcome`);
    if (type === 'part') this.#part(frame);
    else if (index > 0) throw new WherryError('wire-protocol', `a ${type} frame on a further channel`);
    else if (type === 'taken') this.#link.heardTaken(frame);
    else this.#hearFirst(frame);
    this.#link.took(index, frame);
  }

  /** What comes on the first channel and no other. */
  #hearFirst({ type, epoch, body }: Frame): void {
    if (type === 'epoch') {
      const { rawBytes, digest, shards, method, tableBytes, table } = parseEpochBody(body);
      if (tableBytes > maxTableBytes) throw new WherryError('wire-protocol', `a table of ${tableBytes} bytes`);
      // One after the other: what a frame holds is known to a factor only, and so many must not be in memory at once.
      const unpack = (): Promise<Uint8Array> =>
        this.#unpacking.run(() => methodTable[method].decompress(table, tableBytes));
      this.#assembler.announce({ number: epoch, rawBytes, digest, shards, tableBytes, table: unpack });
    } else if (type === 'layout') this.#layOut(parseLayoutBody(body, this.options.maxCacheBytes));
    else if (type === 'end') this.#endOfStream();
    else throw new WherryError('wire-protocol', `an unexpected ${type} frame`);
  }

  /** A connection is gone. What the sender has not heard of yet it will come back for. */
  #onLost(index: number, { code, message }: WherryError): void {
    if (this.#failure !== undefined) return;
    if (this.#ended && this.#link.settled) return this.options.onDone?.();
    const cause = index === 0 ? message : `channel ${index}: ${message}`;
    if (code === 'wire-closed' && this.#link.lost(index, cause)) return;
    if (this.#ended) this.options.onDone?.();
    else this.fail(new WherryError(code, cause));
  }

  #part({ aux, epoch, body }: Frame): void {
    this.#assembler.part(epoch, { shard: aux, ...parsePartBody(body) });
  }

  #givenUp({ body }: Frame): void {
    const { code, message } = parseFailure(body);
    this.fail(new WherryError(code, message));
  }

  /** Whether a first frame shows the secret of this session. */
  knows(body: Buffer): boolean {
    return this.#link.knows(body);
  }

  /** What its further channels show, hex. */
  get secret(): string {
    return this.#link.secret;
  }

  /** The whole stream is with the destination. */
  get delivered(): boolean {
    return this.#ended;
  }

  /** Stream bytes given to the destination so far. */
  get deliveredBytes(): number {
    return this.#delivery.bytes;
  }

  /** Tells the sender why, and lets go of the destination: it gives up a half-loaded guest by itself. */
  fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    const failure = asWherryError(error);
    this.#failure = failure;
    this.#link.giveUp(failure);
    this.#delivery.close();
    this.#pool.close();
    this.#lease?.close();
    this.options.onFailure(failure);
  }

  /** The receiver ends: the sender is told why; nobody else is. */
  giveUp(failure: WherryError): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#link.giveUp(failure);
  }

  close(): void {
    // A sender that was given up is being told why, and cut off soon after.
    if (this.#failure === undefined) this.#link.destroy();
    this.#failure ??= new WherryError('wire-closed', 'the session is over');
    this.#delivery.close();
    this.#pool.close();
    this.#lease?.close();
  }

  #welcome(): void {
    if (this.#failure !== undefined) return;
    this.#welcomed = true;
    this.#link.welcome(this.options.maxCacheBytes);
  }

  #layOut({ shards, cachePagesPerShard, kept }: LayoutBody): void {
    if (this.#layingOut) throw new WherryError('wire-protocol', 'a layout before the last one was in force');
    this.#assembler.layOut(shards);
    this.#layingOut = true;
    this.#pool.layOut(shards, cachePagesPerShard, kept).then(
      () => {
        this.#layingOut = false;
        if (this.#failure === undefined) this.#link.send('laidOut');
      },
      (error: unknown) => this.fail(error),
    );
  }

  /** A destination that goes once it has everything is done; the session asks its monitor whether it is well. */
  #lost(message: string): void {
    if (this.#ended && this.#assembler.pendingBytes === 0) return;
    // A sender that is not here has nothing to come back for, either.
    if (this.#assembler.pendingBytes > 0 || this.#link.waiting)
      this.fail(new WherryError('destination-failed', message));
    else this.#link.send('returnEnd');
  }

  async #emit(bytes: Buffer, epoch: number): Promise<void> {
    const given = await this.#delivery.write(bytes, () => this.#pool.buffers.give(bytes));
    if (!given || this.#failure !== undefined) return;
    this.#link.send('ack', undefined, epoch);
    this.#hold();
  }

  #endOfStream(): void {
    this.#assembler.drained().then(
      () => {
        this.#ended = true;
        this.#delivery.end();
      },
      () => undefined,
    );
  }

  /** Takes nothing off the wire while the destination is behind or the budget is used; parts that it waits for itself have to come. */
  #hold(): void {
    if (this.#failure !== undefined) return;
    const { pendingBytes, nextIsWhole } = this.#assembler;
    this.#link.hold((pendingBytes >= maxPendingBytes && nextIsWhole) || this.#lease?.held === true);
  }
}
