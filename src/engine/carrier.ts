import type { Socket } from 'node:net';
import type { WherryError } from '../shared/failure';
import type { MigrationSettings } from '../shared/settings';
import type { SpawnWorker } from '../shared/worker';
import type { RamMap } from './dispatch/ram-map';
import type { SenderView } from './run-facts';
import { Sender } from './sender';
import type { Pairing } from '../shared/pairing';

/** What takes the source's stream to the destination's side. */
export interface Carrier extends SenderView {
  /** What became of the guest's memory. */
  readonly map: RamMap;
  /** Those in force, which may be less than was asked for. */
  readonly settings: MigrationSettings;
  /** Starts carrying the source's stream. */
  attach(source: Socket): void;
  /** The source has begun another round: what comes from now on was written again. */
  nextRound(): void;
  /**
   * Goes on with other settings; resolves to those in force then, which may be less than was asked for. Rejects with
   * `usage`, unchanged, for one that means nothing here.
   */
  change(settings: MigrationSettings): Promise<MigrationSettings>;
  /** Writes nothing more until `resume`. */
  pause(): void;
  resume(): void;
  /** The guest stands still for the switchover, or runs again: how long a lost link is waited for depends on it. */
  hurry(stopped: boolean): void;
  /** Ends everything; the source's socket is cut off, which makes a source in mid-migration keep its guest. */
  close(): void;
}

/** What a way to the destination needs of the session. */
export interface CarrierOptions {
  readonly settings: MigrationSettings;
  readonly spawn: SpawnWorker;
  readonly onNotice: (text: string) => void;
  readonly onFailure: (error: WherryError) => void;
  /** Told of what is to be closed at the end, as soon as there is something; it may not have been let in yet. */
  readonly onOpened: (carrier: Pick<Carrier, 'close' | 'reconnecting'>) => void;
  /** Nobody wants it any more: what is under way is ended, and rejects. */
  readonly signal?: AbortSignal;
}

/** A sender that a receiver has let in. @param known it is there for certain: it may take its time to be reached */
export async function openSender(to: Pairing, options: CarrierOptions, known = false): Promise<Sender> {
  const { onOpened, signal, ...rest } = options;
  const sender = await Sender.create({ ...rest, known });
  onOpened(sender);
  signal?.addEventListener('abort', () => sender.close(), { once: true });
  if (signal?.aborted === true) sender.close();
  await sender.connect(to);
  return sender;
}
