import type { WherryError } from '../shared/failure';

/** How the source's part in a migration ended, by its own word or for want of one. */
export type Verdict =
  | { readonly kind: 'handed-over' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'source-failed' }
  | { readonly kind: 'source-lost'; readonly error: WherryError };

/**
 * What ends a migration. Our own link breaking is not the end: the source may have handed the guest over a moment
 * before, and only its own verdict tells. The first of each kind counts, later ones are consequences.
 */
export class Outcome {
  #break: WherryError | undefined;
  #verdict: Verdict | undefined;
  readonly #listeners = new Set<() => void>();

  get broken(): WherryError | undefined {
    return this.#break;
  }

  get verdict(): Verdict | undefined {
    return this.#verdict;
  }

  /** Something of ours broke. */
  fail(error: WherryError): void {
    this.#break ??= error;
    this.#tell();
  }

  settle(verdict: Verdict): void {
    this.#verdict ??= verdict;
    this.#tell();
  }

  /** Resolves at the first verdict or break. */
  first(): Promise<void> {
    return this.#when(() => this.#verdict !== undefined || this.#break !== undefined, undefined);
  }

  /** Resolves at the verdict, or after `timeoutMs` without one. */
  settled(timeoutMs: number): Promise<void> {
    return this.#when(() => this.#verdict !== undefined, timeoutMs);
  }

  #when(condition: () => boolean, timeoutMs: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        resolve();
      };
      const look = (): void => {
        if (condition()) done();
      };
      const timer = timeoutMs === undefined ? undefined : setTimeout(done, timeoutMs);
      this.#listeners.add(look);
      look();
    });
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
