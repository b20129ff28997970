import { regularBits } from '../../codec/methods';
import { XbzrleArena, deltaRoomBytes } from '../../codec/xbzrle/xbzrle';
import { pageBytes } from '../../shared/settings';

/** What a page that is written again would come to if only what changed were sent; shares of its 4096 bytes, 0 to 1. */
export interface RewriteFigures {
  /** As XBZRLE deltas, those that do not fit as full pages. */
  readonly deltaShare: number;
  /** The same after zstd, by estimate; a page where that is smaller. */
  readonly packedShare: number;
}

/** Pages remembered: half a MiB, and so many that a share is known to a few hundredths. */
const slots = 128;
/** Fewer comparisons say nothing. */
const leastCompared = 16;
/** So short a delta is what it is, packed or not, bytes. */
const shortDelta = 64;
/** A round's weight beside the one after it. */
const fading = 0.5;
const everyHash = 2 ** 32;

/**
 * Compares some of the pages that are sent again with what they were when they were sent before: what an XBZRLE cache
 * would make of them is known so before there is one, or one that is large enough. Pages are chosen by a hash of their
 * address, fewer the more different ones there are, so that a page that was chosen is chosen again.
 */
export class RewriteSampler {
  #arena: XbzrleArena | undefined;
  readonly #known = new Map<number, number>();
  readonly #free: number[];
  /** Only addresses that hash to less are looked at. */
  #below = everyHash;
  #round = 0;
  #compared = 0;
  #deltaBytes = 0;
  #packedBytes = 0;

  constructor(private readonly most = slots) {
    this.#free = Array.from({ length: most }, (_, slot) => slot);
  }

  /** Absent before enough pages came again. */
  get figures(): RewriteFigures | undefined {
    if (this.#compared < Math.min(leastCompared, this.most / 4)) return undefined;
    const bytes = this.#compared * pageBytes;
    return { deltaShare: this.#deltaBytes / bytes, packedShare: this.#packedBytes / bytes };
  }

  /** Another round begins: all that is sent from now on was written again. */
  nextRound(): void {
    this.#arena ??= new XbzrleArena(deltaAt + deltaRoom + this.most * pageBytes);
    this.#round += 1;
    this.#compared *= fading;
    this.#deltaBytes *= fading;
    this.#packedBytes *= fading;
  }

  /** A page on its way; nothing in the first round, whose pages may never come again. */
  look(block: number, page: number, bytes: Uint8Array): void {
    if (this.#arena === undefined) return;
    const key = hashOf(block, page);
    if (key >= this.#below) return;
    const slot = this.#known.get(key);
    if (slot === undefined) this.#remember(this.#arena, key, bytes);
    // Every other one in each round, the others in the next: rounds may be as short as a few ms.
    else if ((key & 1) === (this.#round & 1)) this.#compare(this.#arena, slot, bytes);
  }

  /** Two pages of one hash are one here: among so few of so many, that is rare and no harm. */
  #remember(arena: XbzrleArena, key: number, bytes: Uint8Array): void {
    while (this.#free.length === 0) this.#thin();
    if (key >= this.#below) return;
    const slot = this.#free.pop() as number;
    this.#known.set(key, slot);
    arena.bytes(slotAt(arena, slot), pageBytes).set(bytes);
  }

  /** Half as many addresses. */
  #thin(): void {
    this.#below = Math.floor(this.#below / 2);
    for (const [key, slot] of this.#known) {
      if (key < this.#below) continue;
      this.#known.delete(key);
      this.#free.push(slot);
    }
  }

  #compare(arena: XbzrleArena, slot: number, bytes: Uint8Array): void {
    const { arenaStart: pageAt } = arena;
    const [baseAt, outAt] = [slotAt(arena, slot), pageAt + deltaAt];
    arena.bytes(pageAt, pageBytes).set(bytes);
    const length = arena.encode(baseAt, pageAt, outAt);
    this.#compared += 1;
    this.#deltaBytes += length ?? pageBytes;
    this.#packedBytes += packed(arena, pageAt, outAt, length);
    arena.copyPage(baseAt, pageAt);
  }
}

const zstdBits = regularBits({ method: 'zstd', level: 1 }) ?? 1;
/** A page, then the delta, then the slots. */
const deltaAt = pageBytes;
const deltaRoom = Math.ceil(deltaRoomBytes / pageBytes) * pageBytes;

function slotAt(arena: XbzrleArena, slot: number): number {
  return arena.arenaStart + deltaAt + deltaRoom + slot * pageBytes;
}

/** A long delta may pack worse than its page; to look at a short one, or at the page for it, costs more than it says. */
function packed(arena: XbzrleArena, pageAt: number, outAt: number, length: number | undefined): number {
  if (length !== undefined && length < shortDelta) return length;
  const page = arena.packedSize(pageAt, pageBytes, zstdBits);
  return length === undefined ? page : Math.min(page, arena.packedSize(outAt, length, zstdBits));
}

/** 0 to 2^32, evenly for neighbours, too. */
function hashOf(block: number, page: number): number {
  const mixed = Math.imul((page + Math.imul(block, 0x01000193)) | 0, 0x9e3779b1);
  return Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) >>> 0;
}
