interface Turn {
  readonly number: number;
  /** What is to be done, once it can be. */
  run: (() => void) | undefined;
}

/** Things done in order for each shard, whatever the order in which they become possible. */
export class ShardOrder {
  readonly #turns: readonly Turn[][];

  constructor(shards: number) {
    this.#turns = Array.from({ length: shards }, () => []);
  }

  /** The shard's next turn after all those it has, under a number of its own. */
  expect(shard: number, number: number): void {
    this.#turns[shard]?.push({ number, run: undefined });
  }

  /** The turn of that number can be taken: it is, as soon as those before it have been. */
  ready(shard: number, number: number, run: () => void): void {
    const turns = this.#turns[shard];
    const turn = turns?.find((one) => one.number === number);
    if (turns === undefined || turn === undefined) return;
    turn.run = run;
    for (let next = turns[0]; next?.run !== undefined; next = turns[0]) {
      turns.shift();
      next.run();
    }
  }
}
