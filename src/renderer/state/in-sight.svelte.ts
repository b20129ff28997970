/** Whether an element is in sight; taken to be so until the page has looked. What nobody sees need not be drawn. */
export class InSight {
  #seen = $state(true);
  readonly #observer = new IntersectionObserver(([entry]) => (this.#seen = entry?.isIntersecting ?? true));

  constructor(element: Element) {
    this.#observer.observe(element);
  }

  get seen(): boolean {
    return this.#seen;
  }

  /** Looks no more. */
  stop(): void {
    this.#observer.disconnect();
  }
}
