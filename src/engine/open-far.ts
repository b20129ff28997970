import type { Far } from './far';
import { LocalFar, type LocalFarOptions } from './local-far';
import { RemoteFar } from './remote-far';
import { pairingScheme, parsePairing } from './wire/pairing';

/** The destination's side by its address: `wherry://…` is with a receiver, anything else a monitor we reach. */
export function openFar(address: string, options: LocalFarOptions): Promise<Far> {
  if (address.startsWith(pairingScheme)) return RemoteFar.connect(parsePairing(address), options);
  return LocalFar.connect(address, options);
}
