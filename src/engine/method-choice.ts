import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { MethodAt } from '../codec/methods';
import type { MigrationSettings } from '../shared/settings';
import { AutoMethod } from './auto-method';
import type { EncodedPart } from './dispatch/compress-pool';
import type { Progress } from './progress';

const lookMs = 50;

/** How parts are compressed now, and why, where that was not the operator's own choice. */
export interface ChosenWay extends MethodAt {
  readonly reason?: string;
}

/** Who compresses. */
export interface Compressing {
  setWay(way: MethodAt): void;
  tryOn(ways: readonly MethodAt[]): void;
}

/** As the settings say; `auto` before anything was measured. */
export function asSet({ method, level }: Pick<MigrationSettings, 'method' | 'level'>): ChosenWay {
  return { method: method === 'auto' ? 'zstd' : method, level };
}

/** Sees to it that parts are compressed as the settings say; with `auto`, as what is measured says. */
export class MethodChoice {
  #settings: MigrationSettings;
  #auto: AutoMethod | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    settings: MigrationSettings,
    private readonly pool: Compressing,
    private readonly progress: () => Progress,
  ) {
    this.#settings = settings;
    this.#begin();
  }

  /** In force from the next part on. */
  get way(): ChosenWay {
    if (this.#auto !== undefined) return { ...this.#auto.way, reason: this.#auto.reason };
    return asSet(this.#settings);
  }

  /** Goes on with other settings; `auto` starts again only where it or its level is new. */
  use(settings: MigrationSettings): void {
    const { method, level } = this.#settings;
    this.#settings = settings;
    if (settings.method !== method || settings.level !== level) this.#begin();
  }

  /** Learns from a part what was tried on it. */
  note({ tried }: EncodedPart): void {
    if (tried !== undefined) this.#auto?.tried(tried.ways, tried.outcome, performance.now());
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #begin(): void {
    this.close();
    const { method, level, compressThreads } = this.#settings;
    const parallel = Math.min(compressThreads, availableParallelism());
    this.#auto = method === 'auto' ? new AutoMethod({ level, parallel }) : undefined;
    if (this.#auto !== undefined) this.#timer = setInterval(() => this.#look(), lookMs).unref();
    this.#apply();
  }

  #look(): void {
    const now = performance.now();
    this.#auto?.look(this.progress(), this.#settings.maxBandwidth, now);
    this.#apply();
    const ways = this.#auto?.trial(now);
    if (ways !== undefined) this.pool.tryOn(ways);
  }

  #apply(): void {
    this.pool.setWay(this.way);
  }
}
