import { sameMonitorProblem } from '../shared/destination';
import { WherryError } from '../shared/failure';
import { DirectFar } from './direct-far';
import type { Far } from './far';
import { LocalFar, type LocalFarOptions } from './local-far';
import { RemoteFar } from './remote-far';
import { expectSecured, pairingScheme, parsePairing } from '../shared/pairing';

/** How a destination's side is to be reached; see `MigrationOptions`. */
export interface FarOptions extends LocalFarOptions {
  /** Where the guest is now: a QMP address. */
  readonly source: string;
  /** Told of a far side before it is let in, which may take tries. */
  readonly onComing?: (far: Pick<Far, 'reconnecting'>) => void;
  readonly direct?: boolean;
  readonly insecure?: boolean;
}

/**
 * The destination's side by its address: `wherry://…` is with a receiver, `direct` a QEMU's own, anything else a monitor.
 * @throws WherryError `usage` where that is the source's own; what stood in the way of reaching it
 */
export async function openFar(address: string, options: FarOptions): Promise<Far> {
  const { direct = false, insecure = false } = options;
  if (direct) return new DirectFar(address);
  if (address.startsWith(pairingScheme)) {
    return RemoteFar.connect(expectSecured(parsePairing(address), insecure), options);
  }
  const same = sameMonitorProblem(address, options.source);
  if (same !== undefined) throw new WherryError('usage', same);
  return LocalFar.connect(address, options);
}
