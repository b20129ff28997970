/** What the built-in guest does to its memory; each is deterministic from a seed value. */
export const workloads = ['idle', 'seed', 'erp', 'random'] as const;
export type Workload = (typeof workloads)[number];

/** Memory a built-in guest may have, bytes, both ends included. */
export const builtinMemory = { min: 64 * 2 ** 20, max: 2 * 2 ** 30, default: 512 * 2 ** 20 } as const;

/** What kind of sample can be started: our own guest, or two QEMU processes with the sample boot sector. */
export const sampleKinds = ['builtin', 'qemu'] as const;
export type SampleKind = (typeof sampleKinds)[number];

/** A running sample: a guest and a destination waiting for it, each with a QMP address. */
export interface SamplePair {
  readonly kind: SampleKind;
  /** QMP address of the running guest. */
  readonly source: string;
  /** QMP address of the waiting destination. */
  readonly destination: string;
  /** Ends both processes and removes what they left; safe to call twice. */
  stop(): Promise<void>;
}
