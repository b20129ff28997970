import type { WherryError } from '../shared/failure';
import type { Ending } from './endings';

/** The destination as it is before a migration. */
export interface FarFacts {
  /** QEMU's word for its state. */
  readonly status: string;
  readonly memoryBytes: number;
  /** Its monitor, as messages name it. */
  readonly where: string;
}

/** Where a sender is let in. */
export interface Admission {
  readonly host: string;
  readonly port: number;
  /** Hex; what it has to show. */
  readonly token: string;
}

/** The destination's side of a migration as the session sees it: here, or with a receiver elsewhere. */
export interface Far {
  /** Looks and changes nothing. */
  inspect(): Promise<FarFacts>;
  /** Makes the destination wait for a stream, behind a receiver. */
  open(): Promise<Admission>;
  /** The source has let go: starts the guest, or sees that it is there and paused. Never rejects. */
  confirm(paused: boolean): Promise<Ending>;
  /** Milliseconds by this host's clock at which the guest was started there. */
  onResume(listener: (atMs: number) => void): void;
  /** Once: the destination cannot be seen any more. */
  onLost(listener: (error: WherryError) => void): void;
  close(): Promise<void>;
}
