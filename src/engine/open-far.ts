import { DirectFar } from './direct-far';
import type { Far } from './far';
import { LocalFar, type LocalFarOptions } from './local-far';
import { RemoteFar } from './remote-far';
import { pairingScheme, parsePairing } from './wire/pairing';

/** The destination's side by its address: `wherry://…` is with a receiver, `direct` a QEMU's own, anything else a monitor. */
export function openFar(address: string, direct: boolean, options: LocalFarOptions): Promise<Far> {
  if (direct) return Promise.resolve(new DirectFar(address));
  if (address.startsWith(pairingScheme)) return RemoteFar.connect(parsePairing(address), options);
  return LocalFar.connect(address, options);
}
