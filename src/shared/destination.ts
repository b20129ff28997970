import { toFailure } from './failure';
import { expectSecured, parsePairing } from './pairing';
import { isPairing } from './pairing-text';
import { formatQmpAddress, parseQmpAddress } from './qmp-address';

/** Why this is no monitor's address; absent for one that is. */
export function monitorProblem(text: string): string | undefined {
  return refusalOf(() => parseQmpAddress(text.trim()));
}

/**
 * Why no guest can go there from the monitor at `source`, as far as the words tell: a QMP address or a receiver's pairing
 * text is expected. Absent where it may be tried.
 */
export function destinationProblem(text: string, source?: string): string | undefined {
  const address = text.trim();
  if (isPairing(address)) return refusalOf(() => expectSecured(parsePairing(address), false));
  if (monitorProblem(address) !== undefined) {
    const expected = 'a QMP address (/path, unix:/path or tcp:host:port) or what a receiver gave out (wherry://…)';
    return `Destination: expected ${expected}, got ${JSON.stringify(address)}`;
  }
  return source === undefined ? undefined : sameMonitorProblem(address, source);
}

/** Why a QEMU cannot be its own destination, where it is: a second connection to its monitor would wait for the first. */
export function sameMonitorProblem(destination: string, source: string): string | undefined {
  if (monitorProblem(source) !== undefined || written(destination) !== written(source)) return undefined;
  return "Destination: expected the monitor of another QEMU, one that waits for the guest, got the guest's own";
}

function written(address: string): string {
  return formatQmpAddress(parseQmpAddress(address));
}

function refusalOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return toFailure(error).message;
  }
}
