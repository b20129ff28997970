import { createHash, randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { RateLimiterMemory } from 'rate-limiter-flexible';

/** Wrong tokens, garbage and the like that an address may bring in `windowS` seconds before it is shut out. */
const maxFailures = 10;
const windowS = 60;
const shutOutS = 60;
/** Refusals that are told of in a minute, whoever was refused: a flood must not fill a disk with our notices. */
const maxNotices = 60;
/** Connections that have not introduced themselves yet: of one address (a sender brings sixteen at a time), and of all. */
const maxStrangersEach = 32;
const maxStrangers = 128;
/** Addresses are counted in so many places, whoever comes: memory is bounded, and the salt keeps places from being chosen. */
const places = 2 ** 14;

/** Who may come to the door and how often; memory stays bounded whatever comes. */
export class Doorman {
  readonly #salt = randomBytes(16);
  readonly #failures = new RateLimiterMemory({ points: maxFailures, duration: windowS, blockDuration: shutOutS });
  readonly #notices = new RateLimiterMemory({ points: maxNotices, duration: 60 });
  readonly #strangers = new Map<string, number>();
  #inside = 0;

  constructor(private readonly onNotice: (text: string) => void) {}

  /** Whether a connection from there may introduce itself now; each that may has to `leave` again. */
  async enter(address: string): Promise<boolean> {
    const place = this.#placeOf(address);
    const strangers = this.#strangers.get(place) ?? 0;
    if (this.#inside >= maxStrangers || strangers >= maxStrangersEach) {
      void this.#say(`refused a connection from ${address}: too many have not introduced themselves yet`);
      return false;
    }
    this.#strangers.set(place, strangers + 1);
    this.#inside += 1;
    const seen = await this.#failures.get(place);
    if (seen === null || seen.consumedPoints <= maxFailures) return true;
    this.leave(address);
    return false;
  }

  /** It has introduced itself, or is gone. */
  leave(address: string): void {
    const place = this.#placeOf(address);
    const strangers = this.#strangers.get(place) ?? 0;
    if (strangers <= 1) this.#strangers.delete(place);
    else this.#strangers.set(place, strangers - 1);
    this.#inside -= 1;
  }

  /** It showed what it had to: what went wrong before is forgotten. */
  knows(address: string): void {
    void this.#failures.delete(this.#placeOf(address));
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
