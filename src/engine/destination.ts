import type { Socket } from 'node:net';
import { WherryError } from '../shared/failure';
import { confirm, type Ending } from './endings';
import type { FarFacts } from './far';
import { setWanted } from './prepare';
import { QmpClient } from './qmp/client';
import { queryMemoryBytes, queryStatus } from './qmp/migrate';
import type { StreamSockets } from './stream-sockets';

/** A QEMU of this host that waits for a guest, seen through its monitor. */
export class Destination {
  #connect: (() => Promise<Socket>) | undefined;
  #resumedAt: number | undefined;

  private constructor(
    private readonly monitor: QmpClient,
    private readonly address: string,
  ) {
    monitor.on(({ name, timestampMs }) => {
      if (name === 'RESUME') this.#resumedAt ??= timestampMs;
    });
  }

  /** Connects to its monitor; `address` is a QMP address. */
  static async connect(address: string): Promise<Destination> {
    return new Destination(await QmpClient.connect(address), address);
  }

  async inspect(): Promise<Required<FarFacts>> {
    const { status } = await queryStatus(this.monitor);
    return { status, memoryBytes: await queryMemoryBytes(this.monitor), where: this.monitor.where };
  }

  /** Sets its capabilities and makes it wait for a stream, in `sockets` if it does not wait already. */
  async prepare(sockets: StreamSockets): Promise<void> {
    await setWanted(this.monitor, 'destination');
    const where = await sockets.openIncoming(this.monitor, this.address);
    this.#connect = () => sockets.connect(where);
  }

  /** The stream's way in, once `prepare` has been done. */
  async connectStream(): Promise<Socket> {
    if (this.#connect === undefined) throw new WherryError('internal', 'a stream before the destination was prepared');
    return this.#connect();
  }

  confirm(paused: boolean): Promise<Ending> {
    return confirm(this.monitor, { paused, resumed: () => this.#resumedAt });
  }

  onResume(listener: (atMs: number) => void): void {
    this.monitor.on(({ name, timestampMs }) => {
      if (name === 'RESUME') listener(timestampMs);
    });
  }

  onLost(listener: (error: WherryError) => void): void {
    this.monitor.onClose((error) =>
      listener(new WherryError('destination-failed', `the destination is gone: ${error.message}`)),
    );
  }

  /** QEMU's word for its state now. */
  async status(): Promise<string> {
    return (await queryStatus(this.monitor)).status;
  }

  /** Lets go of the monitor; the destination stays as it is. */
  close(): void {
    this.monitor.close();
  }
}
