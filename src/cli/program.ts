import { Command, CommanderError, Option } from 'commander';
import { parsePairing } from '../shared/pairing';
import { parseQmpAddress } from '../shared/qmp-address';
import { settingOptions } from '../shared/command-line';
import { isPairing } from '../shared/pairing-text';
import { toFailure, WherryError } from '../shared/failure';
import { workloads } from '../shared/guest';
import type { Workload } from '../shared/guest';
import type { MigrationSettings } from '../shared/settings';
import { exitCodes } from './exit-codes';
import { addressWord, fromElsewhere, givenAddress } from './given-address';
import { guestMemory, guestRate, memoryOption, upTo } from './guest-options';
import { insecureHelp } from './insecure';
import { addSettings, argument, parseWhole, readSettings, type FindProfile } from './settings-options';

/** What `wherry migrate` was asked to do. */
export interface MigrateRequest {
  /** A QMP address. */
  readonly source: string;
  /** A QMP address, or what a receiver printed. */
  readonly destination: string;
  /** `destination` is a QEMU's own `-incoming` address. */
  readonly direct?: true;
  /** Links to a receiver need not be encrypted, and are not. */
  readonly insecure?: true;
  readonly settings: MigrationSettings;
  readonly json: boolean;
}

/** What `wherry demo` was asked to do. */
export interface DemoRequest {
  readonly settings: MigrationSettings;
  readonly workload: Workload;
  readonly memoryBytes: number;
  readonly seed?: number;
  /** Workload steps a second. */
  readonly rate?: number;
  readonly json: boolean;
}

/** What the commands do, given by the program. */
export interface Actions {
  readonly profile: FindProfile;
  migrate(request: MigrateRequest): Promise<void>;
  demo(request: DemoRequest): Promise<void>;
}

type Options = Readonly<Record<string, unknown>>;

/** The command's grammar; what the words mean is in `actions`. Refusals are one line each. */
export function buildProgram(actions: Actions, version: string): Command {
  const settings = (command: Command): Promise<MigrationSettings> => readSettings(command, actions.profile);
  const program = new Command('wherry')
    .description('Moves running QEMU guests over links that are too slow for them.')
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`${oneLine(text)}\n`) });

  const migrate = program
    .command('migrate')
    .description('move a guest from one QEMU to another')
    .usage('--source <address> --destination <address> [options]')
    .requiredOption(
      '--source <address>',
      'QMP socket of the running guest: /path, unix:/path or tcp:host:port',
      address,
    )
    .requiredOption(
      '--destination <address>',
      'QMP socket of the QEMU waiting with -incoming defer -S, or wherry://… as `wherry receive` printed it; ' +
        fromElsewhere,
      addressWord,
    )
    .option('--direct', "no receiver: the destination is a QEMU's own -incoming address, and only XBZRLE is used");
  addSettings(migrate)
    .option('--insecure', insecureHelp)
    .option('--json', 'one JSON object a line on standard output')
    .action(async (given: Options, command: Command) => {
      const checked = await settings(command);
      const options = { ...given, destination: await farAddress(String(given['destination'])) };
      await actions.migrate(migrateRequest(options, checked, givenOptions(command)));
    });

  addSettings(program.command('demo').description('move the built-in guest, to see what a migration is like'))
    .addOption(new Option('--workload <name>', `what the guest does: ${workloads.join(', ')}`).default('seed'))
    .addOption(memoryOption())
    .option('--seed <n>', 'what the workload derives its choices from', argument(parseWhole))
    .option('--rate <n>', 'workload steps a second', argument(parseWhole))
    .option('--json', 'one JSON object a line on standard output')
    .action(async (options: Options, command: Command) => actions.demo(demoRequest(options, await settings(command))));

  return program;
}

/**
 * Parses and runs; `say` gets what went wrong.
 * @returns the exit status when the words themselves decide it, or undefined when an action has run
 */
export async function runProgram(
  program: Command,
  words: readonly string[],
  say: (line: string) => void,
): Promise<number | undefined> {
  try {
    // Commander's own help knows the commands, and not those of a group.
    const [first, ...rest] = words;
    await program.parseAsync(first === 'help' && rest.length > 1 ? [...rest, '--help'] : words, { from: 'user' });
    return undefined;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.completed : exitCodes.usage;
    const { code, message } = toFailure(thrown);
    say(`error: ${message}`);
    return code === 'usage' ? exitCodes.usage : exitCodes.failed;
  }
}

function migrateRequest(options: Options, settings: MigrationSettings, given: Given): MigrateRequest {
  return {
    source: String(options['source']),
    destination: String(options['destination']),
    ...wayOf(options, settings, given),
    ...insecureWay(options),
    json: options['json'] === true,
  };
}

/** A destination that is no receiver's has no link that could be encrypted. */
function insecureWay(options: Options): Pick<MigrateRequest, 'insecure'> {
  if (options['insecure'] !== true) return {};
  if (isPairing(String(options['destination']))) return { insecure: true };
  throw new WherryError('usage', '--insecure: expected the destination of a receiver, wherry://…');
}

/** Whether an option stood on the command line itself, and not in a profile or nowhere. */
type Given = (name: keyof MigrationSettings) => boolean;

function givenOptions(command: Command): Given {
  return (name) => command.getOptionValueSource(new Option(settingOptions[name].flag).attributeName()) === 'cli';
}

/** Settings that only a receiver can honour; `none` is the one method there is without. */
const receiverSettings = ['method', 'level', 'compressThreads', 'decompressThreads'] as const;

function wayOf(
  options: Options,
  settings: MigrationSettings,
  given: Given,
): Pick<MigrateRequest, 'direct' | 'settings'> {
  if (options['direct'] !== true) return { settings };
  expectDirect(options, settings);
  const refused = receiverSettings.find((name) => given(name) && !(name === 'method' && settings.method === 'none'));
  if (refused !== undefined) {
    throw new WherryError('usage', `--direct: ${settingOptions[refused].flag} needs a receiver over there`);
  }
  const { profile } = options;
  if (typeof profile === 'string' && settings.method !== 'none') {
    const its = `profile "${profile}" has method ${settings.method}, which needs a receiver over there`;
    throw new WherryError('usage', `--direct: ${its}; give --method none beside it`);
  }
  return { direct: true, settings: { ...settings, method: 'none' } };
}

/** What has no meaning without a receiver or a monitor over there is refused, not ignored. */
function expectDirect(options: Options, { paused, channels }: MigrationSettings): void {
  if (isPairing(String(options['destination']))) {
    throw new WherryError('usage', "--direct: expected QEMU's own -incoming address, got a receiver's");
  }
  if (paused) throw new WherryError('usage', '--direct: --paused needs a monitor over there');
  if (channels > 1) throw new WherryError('usage', `--direct: QEMU takes one channel, got --channels ${channels}`);
}

function demoRequest(options: Options, settings: MigrationSettings): DemoRequest {
  return {
    settings,
    workload: oneOf('Workload', workloads, options['workload']),
    memoryBytes: guestMemory(options['memory']),
    ...(typeof options['seed'] === 'number' && { seed: upTo('Seed', 2 ** 32 - 1, options['seed']) }),
    ...(typeof options['rate'] === 'number' && { rate: guestRate(options['rate']) }),
    json: options['json'] === true,
  };
}

const address = argument((text) => {
  parseQmpAddress(text);
  return text;
});

/** Where the guest is to go, whatever stood for it on the command line; what holds a secret is not repeated. */
async function farAddress(word: string): Promise<string> {
  const address = await givenAddress('--destination', word);
  if (address !== word || isPairing(address)) parsePairing(address);
  else parseQmpAddress(address);
  return address;
}

function oneOf<Name extends string>(label: string, names: readonly Name[], given: unknown): Name {
  const found = names.find((name) => name === given);
  if (found !== undefined) return found;
  throw new WherryError('usage', `${label}: expected one of ${names.join(', ')}, got ${JSON.stringify(given)}`);
}

/** Commander puts its suggestions on lines of their own, and repeats what our refusals quote. */
function oneLine(text: string): string {
  const line = text
    .trim()
    .replace(/\s*\n\s*/g, ' ')
    .replace(/^error: unknown command '.*'$/, '$&: --help has those there are');
  return line.replace(/^error: option '(--[\w-]+)[^']*' argument '.*?' is invalid\. (?=expected )/s, 'error: $1: ');
}
