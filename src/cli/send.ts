import type { Command } from 'commander';
import { parseQmpAddress, type QmpAddress } from '../shared/qmp-address';
import { WherryError } from '../shared/failure';
import { fromElsewhere } from './given-address';
import { argument, type FindProfile } from './settings-options';
import { addReceiverOptions, readReceiverOrder, type ReceiverOrder, type WireSettings } from './to-receiver';

/** What `wherry send` was asked to do. */
export interface SendRequest extends ReceiverOrder {
  readonly listen: QmpAddress;
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
] as const satisfies WireSettings;

interface Options {
  readonly listen: QmpAddress;
  readonly to: string;
}

/** `wherry send`: the source's end under a migration that another tool drives. */
export function registerSend(
  program: Command,
  profile: FindProfile,
  action: (request: SendRequest) => Promise<void>,
): void {
  const command = program
    .command('send')
    .description('carry the stream of a migration that another tool drives to a `wherry receive`')
    .usage('--listen <address> --to <url> [options]')
    .requiredOption(
      '--listen <address>',
      "where the source's stream comes: unix:/path or tcp:host:port, as the `migrate` command is given it",
      argument(parseStreamAddress),
    )
    .requiredOption('--to <url>', `wherry://… as \`wherry receive\` printed it; ${fromElsewhere}`);
  addReceiverOptions(command, wireSettings, 'one JSON object a line on standard output').action(
    async ({ listen, to }: Options, self: Command) =>
      action({ listen, ...(await readReceiverOrder(['--to', to], self, profile, wireSettings)) }),
  );
}

/** The grammar is that of a monitor's address. */
function parseStreamAddress(text: string): QmpAddress {
  try {
    return parseQmpAddress(text);
  } catch {
    throw new WherryError('usage', `expected unix:/path or tcp:host:port, got ${JSON.stringify(text)}`);
  }
}
