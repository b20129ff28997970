/** Pages that stay together: neighbours compress better in one part, and 64 KiB still spreads a small hot set evenly. */
const groupBits = 4;
const regionBits = 12;
/** Places that are dealt to the shards; so many that 255 shards still have shares within 7 % of each other. */
const places = 4096;

/**
 * The shard of a page: stable as long as the number of shards is, since a shard's cache knows its pages. Groups of 16
 * pages go round the shards, so that a contiguous hot set is split evenly; each 16 MiB region starts at a scrambled
 * place, so that a regular stride through memory does not always meet the same shard.
 */
export class ShardMap {
  private constructor(
    readonly shards: number,
    /** The shard of each place. */
    readonly owners: Uint8Array,
  ) {}

  /** @param shards 1 to 255 */
  static of(shards: number): ShardMap {
    return new ShardMap(
      shards,
      Uint8Array.from({ length: places }, (_, place) => place % shards),
    );
  }

  shardOf(block: number, page: number): number {
    const region = Math.floor(page / 2 ** regionBits);
    const scrambled = Math.imul(Math.imul(block + 1, 0x9e3779b1) ^ region, 0x85ebca6b) >>> 8;
    return this.owners[(Math.floor(page / 2 ** groupBits) + scrambled) % places] as number;
  }

  /**
   * A map of so many shards with equal shares again, in which as few pages as can be have another shard than in this
   * one. It depends on the maps before: both ends have to go through the same sequence.
   */
  resized(shards: number): ShardMap {
    const owners = Uint8Array.from(this.owners);
    const free = this.freed(shards);
    const wanted = missing(owners, free, shards);
    for (const [i, place] of free.entries()) owners[place] = wanted[i] as number;
    return new ShardMap(shards, owners);
  }

  /** Places that have to change hands, in order; what a shard gives up is spread over all it has. */
  private freed(shards: number): readonly number[] {
    const had = Array.from({ length: this.shards }, () => 0);
    for (const owner of this.owners) had[owner] = (had[owner] as number) + 1;
    const given = had.map((count, shard) => (shard < shards ? Math.max(0, count - share(shard, shards)) : count));
    // Shards give at different turns, so that the places they give do not lie side by side.
    const turn = had.map((count, shard) => Math.floor((count * shard) / this.shards));
    return Array.from(this.owners.entries()).flatMap(([place, owner]) => {
      const count = had[owner] as number;
      turn[owner] = (turn[owner] as number) + (given[owner] as number);
      if (turn[owner] < count) return [];
      turn[owner] = turn[owner] - count;
      return [place];
    });
  }
}

/** How many places each shard has of all of them. */
function share(shard: number, shards: number): number {
  return Math.floor(places / shards) + (shard < places % shards ? 1 : 0);
}

/** Who gets the free places, one after another: those who lack some, in turns. */
function missing(owners: Uint8Array, free: readonly number[], shards: number): readonly number[] {
  const lacks = Array.from({ length: shards }, (_, shard) => share(shard, shards));
  const isFree = new Set(free);
  for (const [place, owner] of owners.entries()) {
    if (!isFree.has(place)) lacks[owner] = (lacks[owner] as number) - 1;
  }
  const wanted: number[] = [];
  for (let shard = 0; wanted.length < free.length; shard = (shard + 1) % shards) {
    if ((lacks[shard] as number) <= 0) continue;
    lacks[shard] = (lacks[shard] as number) - 1;
    wanted.push(shard);
  }
  return wanted;
}
