import type { Socket } from 'node:net';
import { WherryError, toFailure } from '../shared/failure';
import { Destination } from './destination';
import { expectIncoming } from './prepare';
import { StreamSockets, connectQemu } from './stream-sockets';

/** A QEMU that waits for a guest. */
export interface PlaceAddress {
  /** What senders may call it. */
  readonly label?: string;
  /** Of its monitor; where another tool has that, the QEMU's own `-incoming` address. */
  readonly address: string;
}

/** A destination that one sender has to itself. */
export interface Berth {
  readonly name: string;
  /** Absent where another tool has its monitor. */
  readonly destination?: Destination;
  connectStream(): Promise<Socket>;
  /** Lets go of it. */
  free(): void;
}

interface Place extends PlaceAddress {
  readonly sockets: StreamSockets;
  taken: boolean;
}

/** The destinations of a receiver, and which of them are taken. */
export class Places {
  private constructor(
    private readonly places: readonly Place[],
    private readonly direct: boolean,
  ) {}

  /** @param direct the addresses are `-incoming` ones */
  static async create(addresses: readonly PlaceAddress[], direct: boolean): Promise<Places> {
    const labels = addresses.flatMap(({ label }) => label ?? []);
    const again = labels.find((label, index) => labels.indexOf(label) !== index);
    if (again !== undefined) throw new WherryError('usage', `two destinations are called ${JSON.stringify(again)}`);
    const sockets = await Promise.all(addresses.map(() => StreamSockets.create()));
    const made = addresses.map((address, index) => ({
      ...address,
      sockets: sockets[index] as StreamSockets,
      taken: false,
    }));
    return new Places(made, direct);
  }

  /**
   * Prepares all of them and lets go again; tells of those that do not wait for a guest.
   * @throws WherryError what is wrong with the last one, where none does
   */
  async look(onNotice: (text: string) => void): Promise<void> {
    if (this.direct) return; // a QEMU takes one connection there
    const problems: { readonly place: Place; readonly error: unknown }[] = [];
    for (const place of this.places) {
      await this.#open(place).then(
        (berth) => berth.free(),
        (error: unknown) => problems.push({ place, error }),
      );
    }
    const last = problems.at(-1);
    if (last !== undefined && problems.length === this.places.length) throw last.error;
    for (const { place, error } of problems)
      onNotice(`${nameOf(place)} takes no guest now: ${toFailure(error).message}`);
  }

  /**
   * Takes one that is free and waits for a guest, of that label where there is one.
   * Where another tool drives them, one that nobody listens for yet is taken, too: that tool may start it later.
   * @throws WherryError `wire-refused` for an unknown label or when all are taken; else what is wrong with the last free one
   */
  async take(label?: string): Promise<Berth> {
    const meant = this.places.filter((place) => label === undefined || place.label === label);
    if (meant.length === 0)
      throw new WherryError('wire-refused', `no destination here is called ${JSON.stringify(label)}`);
    const free = meant.filter(({ taken }) => !taken);
    let problem: unknown = new WherryError('wire-refused', 'every destination has a sender that is connected already');
    for (const place of free) {
      if (place.taken) continue; // by somebody else, meanwhile
      try {
        return await this.#open(place);
      } catch (error) {
        problem = error;
      }
    }
    const [first] = free;
    if (!this.direct || first === undefined || first.taken) throw problem;
    first.taken = true;
    const connectStream = (): Promise<Socket> => connectQemu(first.address);
    return { name: nameOf(first), connectStream, free: () => void (first.taken = false) };
  }

  async close(): Promise<void> {
    await Promise.all(this.places.map(({ sockets }) => sockets.close()));
  }

  async #open(place: Place): Promise<Berth> {
    place.taken = true;
    const name = nameOf(place);
    try {
      if (this.direct) {
        const socket = await connectQemu(place.address);
        let given = false;
        const connectStream = (): Promise<Socket> => {
          given = true;
          return Promise.resolve(socket);
        };
        const free = (): void => {
          if (!given) socket.destroy();
          place.taken = false;
        };
        return { name, connectStream, free };
      }
      const destination = await prepared(place);
      const free = (): void => {
        destination.close();
        place.taken = false;
      };
      return { name, destination, connectStream: () => destination.connectStream(), free };
    } catch (error) {
      place.taken = false;
      throw error;
    }
  }
}

/** A destination that waits for a stream; the one of the last migration is refused, and it says why. */
async function prepared({ address, sockets }: Place): Promise<Destination> {
  const destination = await Destination.connect(address);
  try {
    expectIncoming(await destination.inspect());
    await destination.prepare(sockets);
    return destination;
  } catch (error) {
    destination.close();
    throw error;
  }
}

function nameOf({ label, address }: PlaceAddress): string {
  return label ?? address;
}
