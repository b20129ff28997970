import type { WherryError } from '../shared/failure';
import type { LinkFigures } from '../shared/link';
import type { Reconnecting } from '../shared/snapshot';
import type { Carrier, CarrierOptions } from './carrier';
import type { Ending } from './endings';

/** The destination as it is before a migration. */
export interface FarFacts {
  /** QEMU's word for its state. */
  readonly status: string;
  /** Absent where nobody can ask. */
  readonly memoryBytes?: number;
  /** Its monitor, as messages name it. */
  readonly where: string;
}

/** The destination's side of a migration as the session sees it: here, or with a receiver elsewhere. */
export interface Far {
  /** Looks and changes nothing. */
  inspect(): Promise<FarFacts>;
  /** Makes the destination wait for a stream, and opens the way there. */
  carry(options: CarrierOptions): Promise<Carrier>;
  /** The source has let go: starts the guest, or sees that it is there and paused. Never rejects. */
  confirm(paused: boolean): Promise<Ending>;
  /** Milliseconds by this host's clock at which the guest was started there, and how wrong that can be, either way. */
  onResume(listener: (atMs: number, errorMs?: number) => void): void;
  /** Once: the destination cannot be seen any more. */
  onLost(listener: (error: WherryError) => void): void;
  /** What the link test has found out; absent before it, and where there is no link. */
  readonly link?: LinkFigures | undefined;
  /** The shortest round trip to there, ms; absent where there is no link. */
  readonly roundTripMs?: number | undefined;
  /** How often the link was lost and came back, the stream's own losses included, which are so many. */
  reconnectsBeside?(stream: number): number;
  /** What is being done about a link that is lost; absent while all is well. */
  readonly reconnecting?: Reconnecting | undefined;
  /** The guest stands still for the switchover, or runs again: how long a lost link is waited for depends on it. */
  hurry?(stopped: boolean): void;
  close(): Promise<void>;
}
