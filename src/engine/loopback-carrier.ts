import { randomBytes } from 'node:crypto';
import type { WherryError } from '../shared/failure';
import type { MigrationSettings } from '../shared/settings';
import type { SpawnWorker } from '../shared/worker';
import { Receiver } from './receiver';
import { Sender } from './sender';
import { connectIncoming } from './stream-sockets';

export interface CarrierOptions {
  readonly settings: MigrationSettings;
  readonly spawn: SpawnWorker;
  /** The destination's migration socket. */
  readonly incoming: string;
  readonly onNotice: (text: string) => void;
  readonly onFailure: (error: WherryError) => void;
  /** Told of each thing to be closed at the end, as soon as there is one. */
  readonly onOpened: (close: () => void) => void;
}

/** A receiver here, on the loopback wire, and a sender that has been let in. */
export async function openLoopbackCarrier(options: CarrierOptions): Promise<Sender> {
  const { settings, spawn, incoming, onNotice, onFailure, onOpened } = options;
  const token = randomBytes(32).toString('hex');
  const receiver = await Receiver.listen('127.0.0.1', 0, {
    spawn,
    token,
    maxCacheBytes: settings.xbzrleCacheBytes + settings.compressThreads * 4096,
    connectDestination: () => connectIncoming(incoming),
    onFailure,
    onNotice,
  });
  onOpened(() => receiver.close());
  const sender = await Sender.create({ settings, spawn, onNotice, onFailure });
  onOpened(() => sender.close());
  await sender.connect('127.0.0.1', receiver.port, token);
  return sender;
}
