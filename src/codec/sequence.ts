/** Runs asynchronous tasks one after another, in the order they were given; a failed one does not hold up the next. */
export class Sequence {
  private tail: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.tail.then(task, task);
    this.tail = result;
    return result;
  }
}
