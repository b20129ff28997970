import { createHash, randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { RateLimiterMemory } from 'rate-limiter-flexible';

/** Wrong tokens, garbage and the like that an address may bring in `windowS` seconds before it is shut out. */
const maxFailures = 10;
const windowS = 60;
const shutOutS = 60;
/** Refusals that are told of in a minute, whoever was refused: a flood must not fill a disk with our notices. */
const maxNotices = 60;
/**
 * Connections that have not introduced themselves yet: of one address (a sender brings sixteen at a time), and of all.
 * When there are more, the one that has had the longest time goes: who belongs here needs a fraction of a second.
 */
const maxStrangersEach = 32;
const maxStrangers = 128;
/** Addresses are counted in so many places, whoever comes: memory is bounded, and the salt keeps places from being chosen. */
const places = 2 ** 14;

/** A connection that has not introduced itself yet. */
export interface Stay {
  /** It has introduced itself, or is gone. */
  leave(): void;
}

interface Stranger {
  readonly place: string;
  readonly drop: (why: string) => void;
}

/** Who may come to the door and how often; memory stays bounded whatever comes. */
export class Doorman {
  readonly #salt = randomBytes(16);
  readonly #failures = new RateLimiterMemory({ points: maxFailures, duration: windowS, blockDuration: shutOutS });
  readonly #notices = new RateLimiterMemory({ points: maxNotices, duration: 60 });
  /** By their places; in each the oldest is first. */
  readonly #strangers = new Map<string, Set<Stranger>>();
  #inside = 0;

  constructor(private readonly onNotice: (text: string) => void) {}

  /**
   * Whether a connection from there may introduce itself now: how it leaves again, or nothing.
   * @param drop closes it, for others that come; it has left then
   */
  async enter(address: string, drop: Stranger['drop']): Promise<Stay | undefined> {
    const place = this.#placeOf(address);
    const seen = await this.#failures.get(place);
    if (seen !== null && seen.consumedPoints > maxFailures) return undefined;
    const here = this.#strangers.get(place);
    if (here !== undefined && here.size >= maxStrangersEach) this.#dropOldest(here);
    else if (this.#inside >= maxStrangers) this.#dropOldest(this.#fullest());
    const stranger = { place, drop };
    this.#strangers.set(place, (this.#strangers.get(place) ?? new Set()).add(stranger));
    this.#inside += 1;
    return { leave: () => this.#leave(stranger) };
  }

  #leave(stranger: Stranger): void {
    const here = this.#strangers.get(stranger.place);
    if (here?.delete(stranger) !== true) return;
    if (here.size === 0) this.#strangers.delete(stranger.place);
    this.#inside -= 1;
  }

  /** Whoever brings few is not made to pay for who brings many. */
  #fullest(): Set<Stranger> {
    const all = [...this.#strangers.values()];
    return all.reduce((most, here) => (here.size > most.size ? here : most));
  }

  #dropOldest(here: ReadonlySet<Stranger>): void {
    for (const oldest of here) {
      this.#leave(oldest);
      return oldest.drop('too many have not introduced themselves yet, and it has had the longest time');
    }
  }

  /** It showed what it had to: what went wrong before is forgotten. */
  knows(address: string): void {
    void this.#failures.delete(this.#placeOf(address));
  }

  /** It went by itself before it was let in: nobody refused it. */
  lost(address: string, why: string): Promise<void> {
    return this.#say(`a connection from ${address} ended before it was let in: ${why}`);
  }

  /** It was refused; `wrong`: for something that somebody who belongs here does not do. */
  async refused(address: string, why: string, wrong: boolean): Promise<void> {
    await this.#say(`refused a connection from ${address}: ${why}`);
    if (!wrong) return;
    const place = this.#placeOf(address);
    const before = (await this.#failures.get(place))?.consumedPoints ?? 0;
    const shutOut = await this.#failures.consume(place).then(
      () => false,
      () => true,
    );
    if (shutOut && before <= maxFailures) {
      this.onNotice(`nothing more is taken from ${address} for ${shutOutS} s: ${maxFailures + 1} wrong attempts`);
    }
  }

  async #say(text: string): Promise<void> {
    const left = await this.#notices.consume('all').then(
      ({ remainingPoints }) => remainingPoints,
      () => undefined,
    );
    if (left === undefined) return;
    this.onNotice(left > 0 ? text : `${text}; further refusals of this minute are not told of`);
  }

  #placeOf(address: string): string {
    const digest = createHash('sha256').update(this.#salt).update(neighbourhood(address)).digest();
    return String(digest.readUInt32BE(0) % places);
  }
}

/** What one peer can choose its address from: for IPv6 that is a /64 at least (RFC 6177). */
export function neighbourhood(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.toLowerCase().split('%')[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = Math.max(0, 8 - groups.length - after.length);
  return [...groups, ...Array.from({ length: gap }, () => '0'), ...after].slice(0, 4).join(':');
}
