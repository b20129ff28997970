import type { WherryError } from '../shared/failure';
import type { MigrationSettings } from '../shared/settings';
import type { SpawnWorker } from '../shared/worker';
import type { Far } from './far';
import { Sender } from './sender';

export interface CarrierOptions {
  readonly settings: MigrationSettings;
  readonly spawn: SpawnWorker;
  readonly onNotice: (text: string) => void;
  readonly onFailure: (error: WherryError) => void;
  /** Told of what is to be closed at the end, as soon as there is something. */
  readonly onOpened: (close: () => void) => void;
}

/** A sender that the destination's side has let in. */
export async function openCarrier(far: Far, { onOpened, ...options }: CarrierOptions): Promise<Sender> {
  const { host, port, token } = await far.open();
  const sender = await Sender.create(options);
  onOpened(() => sender.close());
  await sender.connect(host, port, token);
  return sender;
}
