import { testLink } from '../engine/link-test';
import { expectSecured, parsePairing } from '../shared/pairing';
import type { CallPayload } from '../shared/contract';
import { WherryError } from '../shared/failure';
import type { LinkFigures } from '../shared/link';

/** Tests the link to a receiver for the window, one at a time, and never beside a migration, which it would slow down. */
export class LinkCalls {
  #testing = false;

  /** @param migrating whether a migration is under way */
  constructor(
    private readonly migrating: () => boolean,
    private readonly test: typeof testLink = testLink,
  ) {}

  /** @throws WherryError `usage` for what is no receiver's text, or at a bad time; what the test throws */
  async testLink({ destination, ...options }: CallPayload<'testLink'>): Promise<LinkFigures> {
    if (this.#testing) throw new WherryError('usage', 'a link is being tested already');
    if (this.migrating()) throw new WherryError('usage', 'a migration is under way: its own figures show the link');
    const to = expectSecured(parsePairing(destination), false);
    this.#testing = true;
    try {
      return (await this.test(to, options)).figures;
    } finally {
      this.#testing = false;
    }
  }
}
