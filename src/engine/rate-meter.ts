/** A rate over the last second or so of a counter that only grows; pure, the clock (ms) is passed in. */
export class RateMeter {
  readonly #marks: { readonly at: number; readonly total: number }[] = [];

  constructor(private readonly windowMs = 1000) {}

  /** Notes the counter's value. */
  mark(total: number, now: number): void {
    this.#marks.push({ at: now, total });
    while (this.#marks.length > 2 && now - (this.#marks[1]?.at ?? now) >= this.windowMs) this.#marks.shift();
  }

  /** Units a second over the window; absent until two marks lie at least 100 ms apart. */
  get rate(): number | undefined {
    const first = this.#marks[0];
    const last = this.#marks.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < 100) return undefined;
    return ((last.total - first.total) * 1000) / (last.at - first.at);
  }
}
