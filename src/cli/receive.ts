import { Option, type Command } from 'commander';
import { parseQmpAddress } from '../engine/qmp/address';
import { parseListenAddress, type ListenAddress } from '../shared/listen-address';
import { WherryError } from '../shared/failure';
import { parseBytes, parseDuration } from '../shared/units';
import { argument } from './settings-options';

/** What `wherry receive` was asked to do. */
export interface ReceiveRequest {
  readonly listen: ListenAddress;
  /** QMP address of the waiting QEMU. */
  readonly destination: string;
  /** `destination` is that QEMU's own `-incoming` address. */
  readonly direct?: boolean;
  readonly once?: boolean;
  /** `once`: each migration has a token of its own. `lasting`: one that is kept is good for all of them. */
  readonly token: 'once' | 'lasting';
  /** How long a one-time token that is not used stays good, ms. */
  readonly tokenLifetime?: number;
  /** Links are not encrypted. */
  readonly insecure?: boolean;
  /** Bytes of XBZRLE cache a sender is given at most. */
  readonly maxCache?: number;
  readonly json?: boolean;
}

/** `wherry receive`: the destination's end of a migration between two hosts. */
export function registerReceive(program: Command, action: (request: ReceiveRequest) => Promise<void>): void {
  program
    .command('receive')
    .description('wait, on the destination host, for guests that `wherry migrate` or `wherry send` brings')
    .requiredOption(
      '--listen <host:port>',
      'where to listen; without a host: loopback only',
      argument(parseListenAddress),
    )
    .requiredOption(
      '--destination <address>',
      'QMP socket of the QEMU waiting with -incoming defer -S',
      argument((text) => {
        parseQmpAddress(text);
        return text;
      }),
    )
    .option('--direct', "the destination is a QEMU's own -incoming address, and another tool drives the migration")
    .option('--once', 'end after the first migration')
    .addOption(
      new Option('--token <kind>', 'a token for one migration, the next with another; or one that lasts')
        .choices(['once', 'lasting'])
        .default('once'),
    )
    .addOption(
      new Option('--token-lifetime <time>', 'how long a one-time token is good when it is not used')
        .argParser(argument(parseLifetime))
        .default(undefined, 'until it is used'),
    )
    .option('--insecure', 'do not encrypt: whoever is on the way can read and change the memory of guests')
    .addOption(
      new Option('--max-cache <size>', 'most memory for the XBZRLE cache of a sender that asks for more')
        .argParser(argument(parseBytes))
        .default(undefined, "half of this machine's"),
    )
    .option('--json', 'one JSON object a line on standard output')
    .action((request: ReceiveRequest) => action(request));
}

/** A timer cannot be set for much longer than that. */
const longestLifetimeMs = 7 * 24 * 3_600_000;

function parseLifetime(text: string): number {
  const lifetimeMs = parseDuration(text);
  if (lifetimeMs >= 1000 && lifetimeMs <= longestLifetimeMs) return lifetimeMs;
  throw new WherryError('usage', `expected a time from 1s to 7d, got ${JSON.stringify(text)}`);
}
