import type { WherryError } from '../shared/failure';
import { limits, pageBytes, type MigrationSettings } from '../shared/settings';
import type { SpawnWorker } from '../shared/worker';
import { openSender, type Carrier, type CarrierOptions } from './carrier';
import { Destination } from './destination';
import type { Ending } from './endings';
import type { Far, FarFacts } from './far';
import { Receiver } from './receiver';
import { StreamSockets } from './stream-sockets';
import { newSecret } from './wire/secret';

/** What a destination whose monitor is here needs of the session. */
export interface LocalFarOptions {
  readonly settings: MigrationSettings;
  readonly spawn: SpawnWorker;
  readonly onNotice: (text: string) => void;
  readonly onFailure: (error: WherryError) => void;
  /** Nobody wants it any more: what is under way is ended, and rejects. */
  readonly signal?: AbortSignal;
}

/** A destination whose monitor we reach ourselves; its receiver runs in this process, on the loopback interface. */
export class LocalFar implements Far {
  #receiver: Receiver | undefined;
  #sockets: StreamSockets | undefined;

  private constructor(
    private readonly destination: Destination,
    private readonly options: LocalFarOptions,
  ) {}

  static async connect(address: string, options: LocalFarOptions): Promise<LocalFar> {
    return new LocalFar(await Destination.connect(address), options);
  }

  inspect(): Promise<FarFacts> {
    return this.destination.inspect();
  }

  async carry(options: CarrierOptions): Promise<Carrier> {
    this.#sockets = await StreamSockets.create();
    await this.destination.prepare(this.#sockets);
    const token = newSecret();
    const host = '127.0.0.1';
    const connectDestination = () => this.destination.connectStream();
    this.#receiver = await Receiver.listen(host, 0, {
      ...this.options,
      token,
      // Whoever sets the cache's size sets it for both sides. A shard holds whole pages, at least one.
      maxCacheBytes: limits.xbzrleCacheBytes.max + limits.compressThreads.max * pageBytes,
      connectDestination,
    });
    return openSender({ host, port: this.#receiver.port, token }, options);
  }

  confirm(paused: boolean): Promise<Ending> {
    return this.destination.confirm(paused);
  }

  onResume(listener: (atMs: number) => void): void {
    this.destination.onResume(listener);
  }

  onLost(listener: (error: WherryError) => void): void {
    this.destination.onLost(listener);
  }

  async close(): Promise<void> {
    this.#receiver?.close();
    this.destination.close();
    await this.#sockets?.close();
  }
}
