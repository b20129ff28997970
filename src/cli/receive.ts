import { Option, type Command } from 'commander';
import type { PlaceAddress } from '../engine/places';
import { parseQmpAddress } from '../shared/qmp-address';
import { parseLabel } from '../shared/label';
import { parseListenAddress, type ListenAddress } from '../shared/listen-address';
import { WherryError } from '../shared/failure';
import { parseBytes, parseDuration, parseRate } from '../shared/units';
import { argument, parseWhole } from './settings-options';

/** What `wherry receive` was asked to do. */
export interface ReceiveRequest {
  readonly listen: ListenAddress;
  /** The waiting QEMUs, by the QMP address of each. */
  readonly destination: readonly PlaceAddress[];
  /** They are given by their own `-incoming` addresses. */
  readonly direct?: boolean;
  readonly maxSessions?: number;
  /** Bytes a second over all of them. */
  readonly maxBandwidth?: number;
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
    .usage('--listen <host:port> --destination <address>... [options]')
    .requiredOption(
      '--listen <host:port>',
      'where to listen; without a host: loopback only',
      argument(parseListenAddress),
    )
    .requiredOption(
      '--destination <[label=]address>',
      'QMP socket of a QEMU waiting with -incoming defer -S; given several times, each migration takes a free one, or ' +
        'the one that &destination=LABEL at the end of its pairing text names',
      addPlace,
    )
    .option('--max-sessions <n>', 'migrations at once, when fewer than there are destinations', argument(parseSessions))
    .option('--max-bandwidth <rate>', 'what all migrations together may bring: 100Mbit, 12MB/s', argument(parseRate))
    .option('--direct', "the destination is a QEMU's own -incoming address, and another tool drives the migration")
    .option('--once', 'end after the first migration')
    .addOption(
      new Option('--token <kind>', 'a token for one migration, the next with another; or one that lasts')
        .choices(['once', 'lasting'])
        .default('once'),
    )
    .addOption(
      new Option(
        '--token-lifetime <time>',
        'how long a one-time token is good when it is not used: 1h; until it is used, if absent',
      ).argParser(argument(parseLifetime)),
    )
    .option('--insecure', 'do not encrypt: whoever is on the way can read and change the memory of guests')
    .addOption(
      new Option(
        '--max-cache <size>',
        "most memory for the XBZRLE cache of a sender that asks for more: 256MiB; half of this machine's, if absent",
      ).argParser(argument(parseBytes)),
    )
    .option('--json', 'one JSON object a line on standard output')
    .action((request: ReceiveRequest) => action(request));
}

const readPlace = argument((text): PlaceAddress => {
  const [, label, rest] = /^([^=/:]*)=(.*)$/s.exec(text) ?? [];
  const address = rest ?? text;
  parseQmpAddress(address);
  return { ...(label !== undefined && { label: parseLabel(label) }), address };
});

function addPlace(text: string, before: readonly PlaceAddress[] = []): readonly PlaceAddress[] {
  return [...before, readPlace(text)];
}

function parseSessions(text: string): number {
  const sessions = parseWhole(text);
  if (sessions >= 1) return sessions;
  throw new WherryError('usage', `expected at least 1, got ${text}`);
}

/** A timer cannot be set for much longer than that. */
const longestLifetimeMs = 7 * 24 * 3_600_000;

function parseLifetime(text: string): number {
  const lifetimeMs = parseDuration(text);
  if (lifetimeMs >= 1000 && lifetimeMs <= longestLifetimeMs) return lifetimeMs;
  throw new WherryError('usage', `expected a time from 1s to 7d, got ${JSON.stringify(text)}`);
}
