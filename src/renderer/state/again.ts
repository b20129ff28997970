import type { CallPayload, KnownGuest } from '../../shared/contract';
import { builtinMemory } from '../../shared/guest';
import { isPairing } from '../../shared/pairing-text';
import { checkSettings, type MigrationSettings } from '../../shared/settings';
import type { GuestPlace } from '../../shared/state';
import { troubleOf, type RunVerdict } from '../../shared/verdict';

/** The settings of a run that did not get there, with the change that would have helped. */
export function asAdvised(settings: MigrationSettings, verdict: RunVerdict | undefined): MigrationSettings {
  const check = checkSettings({ ...settings, ...troubleOf(verdict)?.advice?.change });
  return check.ok ? check.settings : settings;
}

/** A run that has ended, as far as it matters for doing it again. */
export interface EndedRun {
  readonly source: string;
  readonly destination: string;
  readonly guestRunningOn: GuestPlace;
}

/** What a run is done again with: another sample like the guest it moved, or that guest and where to. */
export type Again =
  | { readonly sample: CallPayload<'startSample'> }
  /** A destination that is absent is the guest's own, or the receiver's text where it was one. */
  | { readonly guestId: string; readonly destination?: string };

/**
 * A sample's destination takes one guest: once it has, another sample is started. A QEMU somebody else started keeps the
 * addresses of its two sides, and goes back where it came from if it has moved; a fresh QEMU has to wait there.
 */
export function againOf(guest: KnownGuest, { source, destination, guestRunningOn }: EndedRun): Again {
  const { id, origin, address, workload = 'idle', memoryBytes = builtinMemory.default } = guest;
  if (origin === 'builtin' || origin === 'qemu') {
    const stayed = guestRunningOn === 'source' && (guest.destination !== undefined || isPairing(destination));
    return stayed ? { guestId: id } : { sample: { kind: origin, memoryBytes, workload } };
  }
  if (isPairing(destination)) return { guestId: id };
  return { guestId: id, destination: address === destination ? source : destination };
}
