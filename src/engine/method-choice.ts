import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { MethodAt } from '../codec/methods';
import type { MigrationSettings } from '../shared/settings';
import type { Way } from '../shared/way';
import { AutoMethod } from './auto-method';
import type { EncodedPart } from './dispatch/compress-pool';
import type { Progress } from './progress';

const lookMs = 50;

/** How pages are carried now, and why, where that was not the operator's own choice. */
export interface ChosenWay extends Way {
  readonly reason?: string;
}

/** Who carries. */
export interface Carrying {
  /** From the next epoch on. */
  setWay(way: Way): void;
  /** Tries compression on a sample of the next part. */
  tryOn(ways: readonly MethodAt[]): void;
}

/** As the settings say; `auto` before anything was measured. */
export function asSet({ method, level, ...settings }: MigrationSettings): ChosenWay {
  if (method === 'auto') return { method: 'zstd', level };
  const asItComes = method === 'none' && settings.xbzrleCacheBytes === 0 && canGoAsItComes(settings);
  return asItComes ? { method, level, asItComes } : { method, level };
}

/** With more channels the stream has to be in parts, to be striped. */
function canGoAsItComes({ channels }: Pick<MigrationSettings, 'channels'>): boolean {
  return channels === 1;
}

/** Sees to it that pages are carried as the settings say; with `auto`, as what is measured says. */
export class MethodChoice {
  #settings: MigrationSettings;
  #auto: AutoMethod | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    settings: MigrationSettings,
    private readonly carrying: Carrying,
    private readonly progress: () => Progress,
  ) {
    this.#settings = settings;
    this.#begin();
    this.#follow();
  }

  /** In force from the next epoch on. */
  get way(): ChosenWay {
    if (this.#auto !== undefined) return { ...this.#auto.way, reason: this.#auto.reason };
    return asSet(this.#settings);
  }

  /** Goes on with other settings; `auto` starts again only where it or its level is new. */
  use(settings: MigrationSettings): void {
    const { method, level } = this.#settings;
    this.#settings = settings;
    if (settings.method !== method || settings.level !== level) this.#begin();
    this.#follow();
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
    const asItComes = canGoAsItComes(this.#settings);
    this.#auto = method === 'auto' ? new AutoMethod({ level, parallel, asItComes }) : undefined;
    if (this.#auto !== undefined) this.#timer = setInterval(() => this.#look(), lookMs).unref();
  }

  /** Takes what can change without a new beginning. */
  #follow(): void {
    this.#auto?.limit(this.#settings.maxBandwidth, performance.now());
    this.#apply();
  }

  #look(): void {
    const now = performance.now();
    this.#auto?.look(this.progress(), now);
    this.#apply();
    const ways = this.#auto?.trial(now);
    if (ways !== undefined) this.carrying.tryOn(ways);
  }

  #apply(): void {
    this.carrying.setWay(this.way);
  }
}
