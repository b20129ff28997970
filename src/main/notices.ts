import type { Notice } from '../shared/window-state';
import type { Publish } from './publish';

/** More than this an operator does not read; the oldest goes. */
const maxNotices = 8;
const maxText = 2000;

/** What went wrong that belongs to no view: shown above all of them until it is dismissed. */
export class Notices {
  #list: readonly Notice[] = [];
  #last = 0;

  constructor(
    private readonly publish: Publish,
    private readonly now: () => number = Date.now,
  ) {}

  list(): readonly Notice[] {
    return this.#list;
  }

  /** Says it, and writes it where a service's log ends up; what stands there already is said again, not twice. */
  add(text: string): void {
    process.stderr.write(`wherry: ${text}\n`);
    const short = text.slice(0, maxText);
    const rest = this.#list.filter((notice) => notice.text !== short);
    this.#set([{ id: ++this.#last, at: this.now(), text: short }, ...rest].slice(0, maxNotices));
  }

  dismiss(id: number): void {
    this.#set(this.#list.filter((notice) => notice.id !== id));
  }

  #set(list: readonly Notice[]): void {
    this.#list = list;
    this.publish('notices', list);
  }
}
