import type { Command } from 'commander';
import { fromElsewhere } from './given-address';
import type { FindProfile } from './settings-options';
import { addReceiverOptions, readReceiverOrder, type ReceiverOrder, type WireSettings } from './to-receiver';

const linkSettings = ['channels', 'maxBandwidth'] as const satisfies WireSettings;

/** `wherry link-test`: what the way to a receiver gives. */
export function registerLinkTest(
  program: Command,
  profile: FindProfile,
  action: (order: ReceiverOrder) => Promise<void>,
): void {
  const command = program
    .command('link-test')
    .description('see what the link to a `wherry receive` gives, without using up its token or touching its QEMU')
    .argument('<url>', `wherry://… as \`wherry receive\` printed it; ${fromElsewhere}`);
  addReceiverOptions(command, linkSettings, 'one JSON object on standard output').action(
    async (url: string, _: unknown, self: Command) =>
      action(await readReceiverOrder(['link-test', url], self, profile, linkSettings)),
  );
}
