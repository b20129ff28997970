import { hash } from '../src/guest/random';

/** What goes wrong: a process is killed outright, the link misbehaves, or the disk is full. */
export const faults = [
  'compress worker killed',
  'decompress worker killed',
  'receiver killed',
  'sender killed',
  'console killed',
  'source killed',
  'destination killed',
  'link cut',
  'link gone',
  'link half-open',
  'link stalled',
  'one channel cut',
  'one channel stalled',
  'disk full',
] as const;

export type Fault = (typeof faults)[number];

/** The states in which it does, in the order a run passes them. */
export const faultStates = ['preparing', 'bulk', 'iterating', 'switchover', 'confirming'] as const;

export type FaultState = (typeof faultStates)[number];

export const guestKinds = ['builtin', 'qemu'] as const;

/** One run. */
export interface Plan {
  /** From 1. */
  readonly number: number;
  readonly guest: (typeof guestKinds)[number];
  readonly fault: Fault;
  readonly state: FaultState;
  /** From when the state is seen to the fault. */
  readonly delayMs: number;
  readonly channels: number;
  /** The guest is left paused on the destination, so that its memory can be compared with the source's. */
  readonly paused: boolean;
}

/** States that last long enough for a delay in them. */
const longest: Readonly<Record<FaultState, number>> = {
  preparing: 20,
  bulk: 400,
  iterating: 200,
  switchover: 40,
  confirming: 0,
};

/**
 * The runs of a campaign, the same for the same seed; the first ones do not depend on how many follow. Every fault in
 * every state on every guest comes before any comes again.
 */
export function planRuns(seed: number, runs: number): readonly Plan[] {
  const all = faultStates.flatMap((state) =>
    faults.flatMap((fault) => guestKinds.map((guest) => ({ state, fault, guest }))),
  );
  return Array.from({ length: runs }, (_, i): Plan => {
    const turn = Math.floor(i / all.length);
    const pick = shuffled(all, hash(seed, turn))[i % all.length];
    if (pick === undefined) throw new Error('no run to pick');
    const dice = (n: number): number => hash(hash(seed, i), n);
    return {
      number: i + 1,
      ...pick,
      delayMs: dice(1) % (longest[pick.state] + 1),
      channels: pick.fault.startsWith('one channel') ? 3 : 1 + (dice(2) % 2),
      paused: dice(3) % 2 === 0,
    };
  });
}

/** In an order that depends on the seed alone. */
function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  return items
    .map((item, i) => ({ item, at: hash(seed, i) }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
