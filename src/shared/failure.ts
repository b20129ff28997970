/** Every way a migration, a command or a peer can fail, with a stable code; the message is for people. */
export const failureCodes = [
  'usage', // a setting or an argument is outside what is allowed
  'qmp-unreachable', // no socket there, or nobody answers
  'qmp-protocol', // something answers, but it does not speak QMP
  'qmp-command', // QEMU refused a command; its class and text are in the message
  'qmp-timeout',
  'qmp-closed', // the monitor's socket died
  'not-incoming', // the destination is not waiting for a migration
  'ram-mismatch', // source and destination have different amounts of RAM
  'guest-state', // the guest is in a state that cannot be migrated
  'source-failed', // the source QEMU reports a failed migration
  'destination-failed', // the destination QEMU died or refused the stream
  'wire-protocol', // the peer sent bytes that are not ours
  'wire-closed', // the link was lost
  'wire-digest', // an epoch arrived with other bytes than were sent
  'wire-refused', // the peer refused us, or we refused the peer
  'codec', // a part that does not decode
  'worker', // a worker process could not start or kept dying
  'store', // a profile or a run could not be read or written
  'store-newer', // it was written by a newer version, and stays as it is
  'cancelled',
  'timed-out', // the time that was given for the migration has passed
  'internal',
] as const;

/** What went wrong, in a form that programs can tell apart. */
export type FailureCode = (typeof failureCodes)[number];

/** A failure that may cross a process: as JSON it is `{ code, message }`. */
export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
}

/** The one error class thrown on purpose in this project: a code for programs, a sentence for people. */
export class WherryError extends Error {
  override readonly name = 'WherryError';

  constructor(
    readonly code: FailureCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  toJSON(): Failure {
    return { code: this.code, message: this.message };
  }
}

/** Whatever was thrown, as a `Failure`; anything not thrown on purpose is `internal` and keeps its text. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof WherryError) return thrown.toJSON();
  return { code: 'internal', message: thrown instanceof Error ? thrown.message : String(thrown) };
}

/** Whatever was thrown, as one of ours; what was not thrown on purpose becomes `internal` and is kept as the cause. */
export function asWherryError(thrown: unknown): WherryError {
  if (thrown instanceof WherryError) return thrown;
  return new WherryError('internal', toFailure(thrown).message, { cause: thrown });
}
