import type { Command } from 'commander';
import { parseQmpAddress, type QmpAddress } from '../engine/qmp/address';
import { expectSecured, parsePairing, type Pairing } from '../engine/wire/pairing';
import { WherryError } from '../shared/failure';
import type { MigrationSettings } from '../shared/settings';
import { fromElsewhere, givenAddress } from './given-address';
import { insecureHelp } from './insecure';
import { addSettings, argument, readSettings, type FindProfile } from './settings-options';

/** What `wherry send` was asked to do. */
export interface SendRequest {
  readonly listen: QmpAddress;
  readonly to: Pairing;
  readonly settings: MigrationSettings;
  /** The link is not encrypted. */
  readonly insecure: boolean;
  readonly json: boolean;
}

/** The settings that concern the wire; the others are the source's, and whoever drives it sets them there. */
const wireSettings = [
  'method',
  'level',
  'compressThreads',
  'decompressThreads',
  'channels',
  'resumeWindowMs',
  'switchoverResumeWindowMs',
  'xbzrleCacheBytes',
  'cachePolicy',
  'maxBandwidth',
  'linkTest',
] as const satisfies readonly (keyof MigrationSettings)[];

type Options = Readonly<Record<string, unknown>> & { readonly listen: QmpAddress; readonly to: string };

/** `wherry send`: the source's end under a migration that another tool drives. */
export function registerSend(
  program: Command,
  profile: FindProfile,
  action: (request: SendRequest) => Promise<void>,
): void {
  const command = program
    .command('send')
    .description('carry the stream of a migration that another tool drives to a `wherry receive`')
    .requiredOption(
      '--listen <address>',
      "where the source's stream comes: unix:/path or tcp:host:port, as the `migrate` command is given it",
      argument(parseStreamAddress),
    )
    .requiredOption('--to <url>', `wherry://… as \`wherry receive\` printed it; ${fromElsewhere}`);
  addSettings(command, wireSettings)
    .option('--insecure', insecureHelp)
    .option('--json', 'one JSON object a line on standard output')
    .action(async (options: Options, self: Command) => {
      const { listen } = options;
      const insecure = options['insecure'] === true;
      const settings = await readSettings(self, profile, wireSettings);
      const to = expectSecured(parsePairing(await givenAddress('--to', options.to)), insecure);
      await action({ listen, to, settings, insecure, json: options['json'] === true });
    });
}

/** The grammar is that of a monitor's address. */
function parseStreamAddress(text: string): QmpAddress {
  try {
    return parseQmpAddress(text);
  } catch {
    throw new WherryError('usage', `expected unix:/path or tcp:host:port, got ${JSON.stringify(text)}`);
  }
}
