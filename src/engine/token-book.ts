import { WherryError } from '../shared/failure';
import { NotShown, newSecret, shows } from './wire/secret';

/** What lets senders in: each migration with a token of its own, or all of them with one that is kept. */
export type TokenOrder =
  | {
      readonly kind: 'once';
      /** How long one that is not used stays good, ms; until it is used when absent. */
      readonly lifetimeMs?: number;
    }
  | { readonly kind: 'lasting'; /** 32 bytes as hex. */ readonly token: string };

/** Used and expired tokens that are told from wrong ones. */
const remembered = 64;

/** A sender's hold on the token it has shown. */
export interface Claim {
  /** Its migration begins: a one-time token lets nobody in any more, and there is another one. */
  use(): void;
  /** It has gone before that: the token is good for another try. */
  release(): void;
}

/** The token of a receiver, and those it had before. */
export class TokenBook {
  readonly #spent: string[] = [];
  #token: string;
  #claim: Claim | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param onNew there is another token now, since the one before was used or has expired */
  constructor(
    private readonly order: TokenOrder,
    private readonly onNew: () => void,
  ) {
    this.#token = order.kind === 'lasting' ? order.token : newSecret();
    this.#wind();
  }

  /** What a sender has to show now, hex. */
  get token(): string {
    return this.#token;
  }

  /**
   * Judges a first frame by its secret, in constant time.
   * @throws NotShown for another token, one that was used or has expired
   * @throws WherryError `wire-refused` for one that another sender has shown who is still here
   */
  claim(body: Buffer): Claim {
    this.judge(body);
    if (this.order.kind === 'lasting') return { use: () => undefined, release: () => undefined };
    const ended = (): boolean => {
      if (this.#claim !== claim) return false;
      this.#claim = undefined;
      return true;
    };
    const claim: Claim = { use: () => void (ended() && this.#replace()), release: () => void ended() };
    this.#claim = claim;
    return claim;
  }

  /**
   * The same for who only looks: nothing is claimed.
   * @returns whether it is still the token
   */
  judge(body: Buffer): () => boolean {
    const token = this.#token;
    if (!shows(body, token)) {
      if (!this.#spent.some((spent) => shows(body, spent))) throw new NotShown();
      throw new NotShown(
        'the token was for one migration and has been used, or has expired: use the pairing text that the receiver has ' +
          'printed since (of a service: the last line of /run/wherry-receive-NAME.pairing)',
      );
    }
    if (this.#claim !== undefined) {
      throw new WherryError('wire-refused', 'a sender with this one-time token is connected already');
    }
    return () => this.#token === token;
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #replace(): void {
    this.#claim = undefined;
    this.#spent.push(this.#token);
    if (this.#spent.length > remembered) this.#spent.shift();
    this.#token = newSecret();
    this.#wind();
    this.onNew();
  }

  /** Starts the time that the token is good for. */
  #wind(): void {
    clearTimeout(this.#timer);
    if (this.order.kind === 'lasting' || this.order.lifetimeMs === undefined) return;
    this.#timer = setTimeout(() => this.#replace(), this.order.lifetimeMs);
  }
}
