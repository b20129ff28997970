import type { Command } from 'commander';
import { expectSecured, parsePairing, type Pairing } from '../shared/pairing';
import type { MigrationSettings } from '../shared/settings';
import { givenAddress } from './given-address';
import { insecureHelp } from './insecure';
import { addSettings, readSettings, type FindProfile } from './settings-options';

/** What a command was asked that goes to a `wherry receive` and to no monitor. */
export interface ReceiverOrder {
  readonly to: Pairing;
  readonly settings: MigrationSettings;
  /** The link is not encrypted. */
  readonly insecure: boolean;
  readonly json: boolean;
}

/** The settings such a command takes; the others stay at their defaults. */
export type WireSettings = readonly (keyof MigrationSettings)[];

/** Gives a command the options of one that goes to a receiver, all but the receiver itself. */
export function addReceiverOptions(command: Command, settings: WireSettings, jsonHelp: string): Command {
  return addSettings(command, settings).option('--insecure', insecureHelp).option('--json', jsonHelp);
}

/**
 * Reads those options, and the receiver's pairing text wherever it stands.
 * @param receiver the option or command whose word it is, for what is said, and the word
 * @throws WherryError `usage`
 */
export async function readReceiverOrder(
  receiver: readonly [name: string, word: string],
  command: Command,
  profile: FindProfile,
  names: WireSettings,
): Promise<ReceiverOrder> {
  const { insecure = false, json = false } = command.opts<{ readonly insecure?: true; readonly json?: true }>();
  const settings = await readSettings(command, profile, names);
  const to = expectSecured(parsePairing(await givenAddress(...receiver)), insecure);
  return { to, settings, insecure, json };
}
