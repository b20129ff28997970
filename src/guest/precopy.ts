import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { pageBytes } from '../shared/settings';
import { openReturnPath, ping, ramEnd, ramPart, ramSectionEnd, ramStart, streamHead } from '../engine/stream/write';
import { AutoConverge, BandwidthMeter, converged, windowMs, type Verdict } from './convergence';
import { encodeDevice, machineName } from './device-section';
import type { Machine } from './machine';
import { PageSet } from './page-set';
import { maxRecordBytes, RamWriter } from './ram-writer';
import type { StreamOutput } from './stream-output';
import type { Tuning } from './tuning';

const sectionId = 2;
/** A PART ends after this long, so that limits and the dirty log are looked at often enough. */
const partMs = 50;
/** The longest stretch of work before guest and monitor get their turn. */
const sliceMs = 2;
/** Records between two looks at the clock. */
const batchRecords = 16;
/** Dirty rates are measured over at least this long. */
const periodMs = 1000;
/** Bandwidths from fewer bytes are too rough to estimate a downtime with. */
const minEstimateBytes = 10_000;

/**
 * Sends a guest's memory while it runs: rounds of "take the dirty log, send those pages" until what is left can be
 * sent within the downtime limit. Whoever owns it stops the guest and then calls `finish`.
 */
export class Precopy {
  readonly ram: RamWriter;
  /** How often the dirty log was taken. */
  syncs = 0;
  /** Pages a second, from the last whole period; undefined before. */
  dirtyPagesPerSecond: number | undefined;
  bytesPerMs: number | undefined;
  /** Undefined until the first estimate that means something. */
  expectedDowntimeMs: number | undefined;
  readonly #pending: PageSet;
  readonly #autoConverge = new AutoConverge();
  readonly #meter = new BandwidthMeter(performance.now(), 0);
  #budgetStart = { ms: performance.now(), bytes: 0 };
  #period = { ms: performance.now(), bytes: 0, dirtied: 0 };
  #remainingAtSync = 0;

  constructor(
    readonly machine: Machine,
    readonly tuning: Tuning,
    readonly output: StreamOutput,
    readonly onPass: (pass: number) => void,
  ) {
    this.ram = new RamWriter(machine.memory, output);
    this.#pending = new PageSet(machine.memory.pages);
  }

  get remainingBytes(): number {
    return this.#pending.size * pageBytes;
  }

  /** Writes everything before the first page; all pages count as dirty from here on. */
  async setup(returnPath: boolean): Promise<void> {
    await this.output.write(streamHead(machineName));
    if (returnPath) await this.output.write(Buffer.concat([openReturnPath(), ping(1)]));
    const { blocks, dirty } = this.machine.memory;
    this.#pending.addAll();
    dirty.clear();
    this.#sync();
    await this.output.write(
      ramStart(
        sectionId,
        blocks.map(({ name, bytes }) => ({ name, usedBytes: bytes })),
      ),
    );
    await this.output.write(ramSectionEnd(sectionId));
    await this.output.flush();
  }

  /** Sends rounds until the guest can be stopped. */
  async iterate(): Promise<void> {
    for (;;) {
      this.#measure();
      if (this.#verdict() !== 'iterate') {
        this.#sync();
        if (this.#verdict() !== 'iterate') return;
      }
      await this.#section(ramPart(sectionId), () => this.#budgetBytes() > 0, partMs);
      await this.#pace();
    }
  }

  /** With the guest stopped: sends what is left and the device; resolves when the system has taken all of it. */
  async finish(ran: boolean): Promise<void> {
    this.#sync();
    await this.#section(ramEnd(sectionId), () => true, Infinity);
    await this.output.write(encodeDevice({ workload: this.machine.workload, ran }));
    await this.output.drain();
  }

  #verdict(): Verdict {
    return converged(this.remainingBytes, this.bytesPerMs, this.tuning.number('downtime-limit'));
  }

  #sync(): void {
    this.#period.dirtied += this.#pending.take(this.machine.memory.dirty);
    this.#remainingAtSync = this.remainingBytes;
    this.syncs += 1;
    this.#endPeriod();
    this.onPass(this.syncs);
  }

  #endPeriod(): void {
    const { ms, bytes, dirtied } = this.#period;
    const nowMs = performance.now();
    if (nowMs - ms < periodMs) return;
    const sent = this.output.queuedBytes;
    this.dirtyPagesPerSecond = Math.round((dirtied * 1000) / (nowMs - ms));
    this.#period = { ms: nowMs, bytes: sent, dirtied: 0 };
    if (!this.tuning.has('auto-converge')) return;
    this.machine.cpu.throttle = this.#autoConverge.period(dirtied * pageBytes, sent - bytes, {
      triggerThreshold: this.tuning.number('throttle-trigger-threshold'),
      initial: this.tuning.number('cpu-throttle-initial'),
      increment: this.tuning.number('cpu-throttle-increment'),
      max: this.tuning.number('max-cpu-throttle'),
      tailslow: this.tuning.tailslow,
    });
  }

  #measure(): void {
    const window = this.#meter.sample(performance.now(), this.output.acceptedBytes);
    if (window === undefined) return;
    this.bytesPerMs = window.bytesPerMs;
    if (this.dirtyPagesPerSecond === undefined || window.bytes <= minEstimateBytes) return;
    this.expectedDowntimeMs = Math.round(this.#remainingAtSync / window.bytesPerMs);
  }

  /** One section of page records: until nothing is left, `allowed` says no, or the time is over. */
  async #section(head: Buffer, allowed: () => boolean, limitMs: number): Promise<void> {
    await this.output.write(head);
    const endMs = performance.now() + limitMs;
    let page = this.#pending.next(0);
    while (page !== undefined && allowed() && performance.now() < endMs) {
      const sliceEndMs = performance.now() + sliceMs;
      while (page !== undefined && allowed() && performance.now() < sliceEndMs) page = await this.#batch(page);
      await nextTurn();
    }
    await this.output.write(ramSectionEnd(sectionId));
    await this.output.flush();
  }

  /** Sends a few pages from `page` on; returns the next one that is due. */
  async #batch(page: number): Promise<number | undefined> {
    let next: number | undefined = page;
    for (let record = 0; record < batchRecords && next !== undefined; record += 1) {
      if (this.output.room < maxRecordBytes) await this.output.flush();
      this.#pending.delete(next);
      this.ram.put(next);
      next = this.#pending.next(next + 1);
    }
    return next;
  }

  /** Bytes that may still be written in this tenth of a second. */
  #budgetBytes(): number {
    return this.#budgetStart.bytes + this.#windowBytes() - this.output.queuedBytes;
  }

  /** The bandwidth limit as bytes per window; no limit is an infinite one. */
  #windowBytes(): number {
    const limit = this.tuning.number('max-bandwidth');
    return limit === 0 ? Infinity : (limit * windowMs) / 1000;
  }

  /** Sleeps out the tenth of a second if its budget is used up; what went over it counts against the next. */
  async #pace(): Promise<void> {
    const restMs = this.#budgetStart.ms + windowMs - performance.now();
    if (restMs > 0) {
      if (this.#budgetBytes() > 0) return;
      await sleep(restMs);
    }
    const bytes = Math.min(this.output.queuedBytes, this.#budgetStart.bytes + this.#windowBytes());
    this.#budgetStart = { ms: performance.now(), bytes };
  }
}
