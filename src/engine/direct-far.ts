import type { WherryError } from '../shared/failure';
import type { Carrier, CarrierOptions } from './carrier';
import { DirectCarrier } from './direct-carrier';
import type { Ending } from './endings';
import type { Far, FarFacts } from './far';
import { connectQemu } from './stream-sockets';

/**
 * An unmodified QEMU that listens by itself (`-incoming tcp:…` or `unix:…`), with no monitor of ours: what the source
 * says is all there is to know, and that is enough, since with `return-path` it waits for the destination's word.
 */
export class DirectFar implements Far {
  /** `address` is QEMU's own `-incoming` address. */
  constructor(private readonly address: string) {}

  inspect(): Promise<FarFacts> {
    return Promise.resolve({ status: 'inmigrate', where: this.address });
  }

  async carry({ settings, onFailure, onOpened }: CarrierOptions): Promise<Carrier> {
    const socket = await connectQemu(this.address);
    const carrier = new DirectCarrier(socket, { settings, onFailure });
    onOpened(carrier);
    return carrier;
  }

  /** Started without -S it runs the guest; started with it, it waits for its own monitor's `cont`. */
  confirm(): Promise<Ending> {
    return Promise.resolve({ end: 'completed', place: 'unknown' });
  }

  /** Nobody can see when. */
  onResume(_listener: (atMs: number) => void): void {}

  /** Its migration socket says so first. */
  onLost(_listener: (error: WherryError) => void): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }
}
