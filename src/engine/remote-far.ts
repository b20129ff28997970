import { WherryError, toFailure } from '../shared/failure';
import { clockText, type LinkFigures } from '../shared/link';
import type { MigrationSettings } from '../shared/settings';
import type { Reconnecting } from '../shared/snapshot';
import { openSender, type Carrier, type CarrierOptions } from './carrier';
import { ClockOffset } from './clock-offset';
import type { Ending } from './endings';
import type { Far, FarFacts } from './far';
import { tryLink } from './link-test';
import { WallClock } from './wall-clock';
import type { ControlEvent } from './wire/control';
import { ControlLink } from './wire/control-link';
import type { Pairing } from '../shared/pairing';
import { toldByReceiver } from './wire/told';

/** Round trips before the first prediction. */
const firstLooks = 5;
/** `confirm` waits for the guest twice at the other end. */
const confirmMs = 60_000;

/** How long a lost link may be waited for, and who is told. */
export interface RemoteFarOptions {
  readonly settings: Pick<MigrationSettings, 'resumeWindowMs' | 'switchoverResumeWindowMs'>;
  readonly onNotice: (text: string) => void;
  /** Told before it is let in, which may take tries. */
  readonly onComing?: (far: Pick<Far, 'reconnecting'>) => void;
  /** Nobody wants it any more: what is under way is ended, and rejects. */
  readonly signal?: AbortSignal | undefined;
}

/** A destination that a receiver elsewhere looks after; it is asked over a link beside the stream's. */
export class RemoteFar implements Far {
  readonly #control: ControlLink;
  #resumed = false;
  readonly #here = new WallClock();
  readonly #clock = new ClockOffset();
  #link: LinkFigures | undefined;
  readonly #lostListeners = new Set<(error: WherryError) => void>();
  readonly #resumeListeners = new Set<(atMs: number, errorMs?: number) => void>();

  private constructor(
    private readonly pairing: Pairing,
    private readonly options: RemoteFarOptions,
  ) {
    this.#control = new ControlLink(pairing, {
      resumeWindowMs: options.settings.resumeWindowMs,
      onNotice: options.onNotice,
      onEvent: (event) => this.#hear(event),
      onBeat: () => void this.#lookAtClock().catch(() => undefined),
      onEnd: (error) => this.#tellLost(error),
    });
  }

  /** Connects and is let in; rejects with `wire-closed`, `wire-protocol` or `wire-refused`. */
  static async connect(pairing: Pairing, options: RemoteFarOptions): Promise<RemoteFar> {
    const { onNotice, onComing, signal } = options;
    const far = new RemoteFar(pairing, options);
    onComing?.(far);
    signal?.addEventListener('abort', () => void far.close(), { once: true });
    try {
      if (signal?.aborted === true) await far.close();
      for (let look = 0; look < firstLooks; look++) await far.#lookAtClock();
    } catch (error) {
      await far.close();
      throw error;
    }
    const [clockOffsetMs, clockErrorMs] = [far.#clock.offsetMs ?? 0, far.#clock.errorMs ?? 0];
    if (Math.abs(clockOffsetMs) >= Math.max(1, clockErrorMs)) {
      onNotice(`the clock of ${far.#control.where}: ${clockText({ clockOffsetMs, clockErrorMs })}`);
    }
    return far;
  }

  async inspect(): Promise<FarFacts> {
    const facts = await this.#control.ask({ ask: 'inspect' });
    return { ...facts, where: `${facts.where}, with ${this.#control.where},` };
  }

  async carry(options: CarrierOptions): Promise<Carrier> {
    const { signal } = options;
    const { streamToken } = await this.#control.ask({ ask: 'prepare' });
    this.#control.use(streamToken);
    const to = { ...this.pairing, token: streamToken };
    const test = await tryLink(to, options.settings, options.onNotice, { signal });
    this.#link = test?.figures;
    for (const { askedMs, thereMs, answeredMs } of test?.looks ?? []) this.#clock.sample(askedMs, thereMs, answeredMs);
    if (this.#control.lost !== undefined) throw this.#control.lost;
    this.#control.carried();
    return openSender(to, options, true);
  }

  reconnectsBeside(stream: number): number {
    return this.#control.reconnectsBeside(stream);
  }

  get reconnecting(): Reconnecting | undefined {
    return this.#control.reconnecting;
  }

  get link(): LinkFigures | undefined {
    return this.#link;
  }

  get roundTripMs(): number | undefined {
    return this.#clock.roundTripMs;
  }

  async confirm(paused: boolean): Promise<Ending> {
    try {
      // There is no way back any more, so there is nothing to hurry for.
      this.#control.hurry(undefined);
      const { end, place, error } = await this.#control.ask({ ask: 'confirm', paused }, confirmMs);
      return { end, place, ...(error !== undefined && { error: toldByReceiver(error) }) };
    } catch (error) {
      const { code, message } = toFailure(error);
      const advice =
        'the source has handed the guest over and stays stopped, and whether it was started over there is not known: ' +
        'check the destination (query-status); if it is paused there, `cont` on it; only if it is gone, `cont` on the source';
      return { end: 'uncertain', place: 'unknown', error: new WherryError(code, `${message}; ${advice}`) };
    }
  }

  onResume(listener: (atMs: number, errorMs?: number) => void): void {
    this.#resumeListeners.add(listener);
  }

  onLost(listener: (error: WherryError) => void): void {
    const { lost } = this.#control;
    if (lost !== undefined) listener(lost);
    else this.#lostListeners.add(listener);
  }

  hurry(stopped: boolean): void {
    this.#control.hurry(stopped ? this.options.settings.switchoverResumeWindowMs : undefined);
  }

  close(): Promise<void> {
    this.#lostListeners.clear();
    this.#control.close();
    return Promise.resolve();
  }

  async #lookAtClock(): Promise<void> {
    const asked = this.#here.now();
    const { nowMs } = await this.#control.ask({ ask: 'clock' });
    this.#clock.sample(asked, nowMs, this.#here.now());
  }

  #hear(event: ControlEvent): void {
    if (event.event === 'lost') {
      this.#tellLost(toldByReceiver({ code: 'destination-failed', message: event.message }));
    } else this.#tellResumed(event.atMs);
  }

  /** Once: what was said before a link was lost may be said again. */
  #tellResumed(atMs: number): void {
    if (this.#resumed) return;
    this.#resumed = true;
    for (const listener of this.#resumeListeners) listener(this.#clock.toHere(atMs), this.#clock.errorMs);
  }

  #tellLost(error: WherryError): void {
    for (const listener of [...this.#lostListeners]) listener(error);
    this.#lostListeners.clear();
  }
}
