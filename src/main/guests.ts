import type { CallPayload, KnownGuest, RunView } from '../shared/contract';
import { WherryError, toFailure } from '../shared/failure';
import type { SamplePair } from '../shared/guest';
import { isPairing } from '../shared/pairing-text';
import type { GuestPlace } from '../shared/state';
import { formatBytes } from '../shared/units';
import { nameFromAddress } from './monitor-places';
import type { GuestFacts } from './probe';
import type { Publish } from './publish';

/** What the list of guests needs from outside. */
export interface GuestSources {
  /** Asks a QMP address about its guest; rejects with what is wrong with it. */
  probe(address: string): Promise<GuestFacts>;
  startSample(request: SampleRequest): Promise<SamplePair>;
  /** Paths of QMP sockets in the usual places. */
  find(): Promise<readonly string[]>;
}

/** Monitors asked at a time. */
const maxAsking = 8;

export type SampleRequest = CallPayload<'startSample'>;

/** The guests this console knows, and the sample processes it started. */
export class Guests {
  readonly #guests = new Map<string, KnownGuest>();
  readonly #pairs = new Map<string, SamplePair>();
  readonly #sources: GuestSources;
  readonly #publish: Publish;
  /** QMP answers one client at a time, so these are the running migration's alone. */
  #busy: readonly string[] = [];
  #count = 0;
  /** Samples started so far. */
  #samples = 0;
  /** Sample pairs on their way up. */
  readonly #starting = new Set<Promise<SamplePair>>();
  #ending = false;

  constructor(sources: GuestSources, publish: Publish) {
    this.#sources = sources;
    this.#publish = publish;
  }

  list(): readonly KnownGuest[] {
    return [...this.#guests.values()];
  }

  get(id: string): KnownGuest {
    const guest = this.#guests.get(id);
    if (guest === undefined) throw new WherryError('usage', `no guest ${id} here; was it removed?`);
    return guest;
  }

  /** Starts a guest and a destination waiting for it. */
  async startSample(request: SampleRequest): Promise<KnownGuest> {
    const pair = await this.#start(request);
    const id = this.#nextId();
    this.#pairs.set(id, pair);
    const guest: KnownGuest = {
      id,
      name: sampleName(request, (this.#samples += 1)),
      origin: request.kind,
      address: pair.source,
      destination: pair.destination,
      memoryBytes: request.memoryBytes,
      ...(request.kind === 'builtin' && { workload: request.workload }),
    };
    return this.#ask(guest);
  }

  /** Adds the guest behind a QMP address; a dead or foreign socket is an error that says which. */
  async add(address: string): Promise<KnownGuest> {
    const known = this.#at(address);
    if (known !== undefined) throw new WherryError('usage', `${address} is already here as ${known.name}`);
    const facts = await this.#sources.probe(address);
    return this.#put({
      id: this.#nextId(),
      origin: 'added',
      address,
      ...facts,
      name: facts.name ?? nameFromAddress(address),
    });
  }

  /** Forgets a guest; a sample's processes end. */
  async remove(id: string): Promise<void> {
    const guest = this.get(id);
    if (this.#busy.includes(guest.address)) throw new WherryError('usage', `${guest.name} is being migrated`);
    this.#guests.delete(id);
    this.#publish('guests', this.list());
    await this.#stop(id);
  }

  /**
   * Looks in the usual places again, adds what is new there, forgets what was found there and is gone, and asks every
   * guest how it is, those a migration is busy with excepted.
   */
  async refresh(): Promise<void> {
    const found = await this.#sources.find();
    for (const { id, origin, address } of this.list()) {
      if (origin === 'found' && !found.includes(address) && !this.#busy.includes(address)) this.#guests.delete(id);
    }
    for (const address of found) {
      if (this.#at(address) === undefined) {
        this.#put({ id: this.#nextId(), origin: 'found', address, name: nameFromAddress(address) });
      }
    }
    const asked = this.list().values();
    const ask = async (): Promise<void> => {
      for (const { id } of asked) if (this.#guests.has(id)) await this.#ask(this.get(id));
    };
    await Promise.all(Array.from({ length: maxAsking }, ask));
    this.#publish('guests', this.list());
  }

  /** Names the addresses a migration talks to; they are asked nothing meanwhile. */
  setBusy(addresses: readonly string[]): void {
    this.#busy = addresses;
  }

  /**
   * Follows a guest to where the run left it, on this machine; its old destination stays only if it still waits.
   * @param dirtyRate what the run measured last, bytes a second
   */
  async afterRun(
    { guestId, destination }: Pick<RunView, 'guestId' | 'destination'>,
    place: GuestPlace,
    dirtyRate?: number,
  ): Promise<void> {
    const guest = this.#guests.get(guestId);
    if (guest === undefined) return;
    const { destination: own, ...rest } = { ...guest, ...(dirtyRate !== undefined && { dirtyRate }) };
    // A guest that was found is not where it was found any more, and stays on the list all the same.
    const moved = place === 'destination' && rest.origin === 'found' ? { ...rest, origin: 'added' as const } : rest;
    if (place === 'destination' && !isPairing(destination)) {
      const was = this.#at(destination);
      if (was !== undefined && was.id !== guestId) this.#guests.delete(was.id); // the waiting one is this guest now
      await this.#ask({ ...moved, address: destination });
    } else await this.#ask(own !== undefined && (await this.#waits(own)) ? { ...moved, destination: own } : moved);
  }

  /** Ends every sample process, those on their way up included, and starts no more. */
  async stopAll(): Promise<void> {
    this.#ending = true;
    await Promise.allSettled([
      ...[...this.#pairs.keys()].map((id) => this.#stop(id)),
      ...[...this.#starting].map((starting) => starting.then((pair) => pair.stop())),
    ]);
  }

  async #start(request: SampleRequest): Promise<SamplePair> {
    const ending = new WherryError('cancelled', 'the console is being closed');
    if (this.#ending) throw ending;
    const starting = this.#sources.startSample(request);
    this.#starting.add(starting);
    try {
      const pair = await starting;
      if (this.#ending) throw ending;
      return pair;
    } finally {
      this.#starting.delete(starting);
    }
  }

  async #ask(guest: KnownGuest): Promise<KnownGuest> {
    if (this.#busy.includes(guest.address)) return guest;
    const listed = this.#guests.has(guest.id);
    // It may have been removed while it was asked.
    const put = (asked: KnownGuest): KnownGuest => (listed && !this.#guests.has(asked.id) ? asked : this.#put(asked));
    const { problem: _old, ...rest } = guest;
    try {
      const { name, ...facts } = await this.#sources.probe(guest.address);
      return put({ ...rest, ...facts, ...(name !== undefined && guest.origin === 'found' && { name }) });
    } catch (error) {
      const { status: _status, ...unknown } = rest;
      return put({ ...unknown, problem: toFailure(error) });
    }
  }

  async #waits(address: string): Promise<boolean> {
    try {
      return (await this.#sources.probe(address)).status === 'inmigrate';
    } catch {
      return false; // gone: a QEMU ends when its incoming migration fails
    }
  }

  /** The guest behind an address, in either spelling of a path. */
  #at(address: string): KnownGuest | undefined {
    const plain = (text: string): string => text.replace(/^unix:/, '');
    return this.list().find((guest) => plain(guest.address) === plain(address));
  }

  #put(guest: KnownGuest): KnownGuest {
    this.#guests.set(guest.id, guest);
    this.#publish('guests', this.list());
    return guest;
  }

  async #stop(id: string): Promise<void> {
    const pair = this.#pairs.get(id);
    this.#pairs.delete(id);
    await pair?.stop();
  }

  #nextId(): string {
    this.#count += 1;
    return `guest-${this.#count}`;
  }
}

function sampleName({ kind, workload, memoryBytes }: SampleRequest, count: number): string {
  const what = kind === 'builtin' ? `built-in, ${workload}` : 'QEMU pair';
  return `Sample ${count} (${what}, ${formatBytes(memoryBytes)})`;
}
