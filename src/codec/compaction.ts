import { WherryError } from '../shared/failure';

/**
 * Which slots of a shard keep their pages when there are fewer, a bit for each from the lowest of the first byte on:
 * what the policy gives up lies anywhere, so the pages kept move together, at both ends alike.
 */
export type KeptSlots = Uint8Array;

/** None of so many slots. */
export function noSlots(slots: number): KeptSlots {
  return new Uint8Array(Math.ceil(slots / 8));
}

export function keep(kept: KeptSlots, slot: number): void {
  kept[slot >> 3] = (kept[slot >> 3] ?? 0) | (1 << (slot & 7));
}

export function isKept(kept: KeptSlots, slot: number): boolean {
  return ((kept[slot >> 3] ?? 0) & (1 << (slot & 7))) !== 0;
}

/**
 * Tells the moves that leave nothing in slots from `capacity` on: the pages there, in ascending order, go to the slots
 * below that were given up, in ascending order. Throws `codec` where more are kept than fit; nothing has moved then.
 */
export function compact(kept: KeptSlots, capacity: number, move: (from: number, to: number) => void): void {
  let many = 0;
  for (const byte of kept) for (let bits = byte; bits !== 0; bits &= bits - 1) many++;
  if (many > capacity) throw new WherryError('codec', `${many} pages kept in ${capacity} slots`);
  let to = 0;
  for (let from = capacity; from < 8 * kept.length; from++) {
    if (!isKept(kept, from)) continue;
    while (isKept(kept, to)) to++;
    move(from, to++);
  }
}
