import type { Command } from 'commander';
import { expectSecured, parsePairing, type Pairing } from '../engine/wire/pairing';
import type { MigrationSettings } from '../shared/settings';
import { fromElsewhere, givenAddress } from './given-address';
import { insecureHelp } from './insecure';
import { addSettings, readSettings, type FindProfile } from './settings-options';

/** What `wherry link-test` was asked to do. */
export interface LinkTestRequest {
  readonly to: Pairing;
  readonly settings: Pick<MigrationSettings, 'channels' | 'maxBandwidth'>;
  /** The link is not encrypted. */
  readonly insecure: boolean;
  readonly json: boolean;
}

const linkSettings = ['channels', 'maxBandwidth'] as const satisfies readonly (keyof MigrationSettings)[];

/** `wherry link-test`: what the way to a receiver gives. */
export function registerLinkTest(
  program: Command,
  profile: FindProfile,
  action: (request: LinkTestRequest) => Promise<void>,
): void {
  const command = program
    .command('link-test')
    .description('see what the link to a `wherry receive` gives, without using up its token or touching its QEMU')
    .argument('<url>', `wherry://… as \`wherry receive\` printed it; ${fromElsewhere}`);
  addSettings(command, linkSettings)
    .option('--insecure', insecureHelp)
    .option('--json', 'one JSON object on standard output')
    .action(async (url: string, options: Readonly<Record<string, unknown>>, self: Command) => {
      const insecure = options['insecure'] === true;
      const settings = await readSettings(self, profile, linkSettings);
      const to = expectSecured(parsePairing(await givenAddress('link-test', url)), insecure);
      await action({ to, settings, insecure, json: options['json'] === true });
    });
}
