import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { settingDefaultText, settingNames, settingOptions } from '../shared/command-line';
import type { SettingOption } from '../shared/command-line';
import { toFailure, WherryError } from '../shared/failure';
import { checkSettings, defaultSettings } from '../shared/settings';
import type { MigrationSettings } from '../shared/settings';
import { parseBytes, parseDuration, parseRate } from '../shared/units';

const readers: Readonly<Record<Exclude<SettingOption['kind'], 'switch'>, (text: string) => string | number>> = {
  word: (text) => text,
  number: parseWhole,
  bytes: parseBytes,
  rate: parseRate,
  duration: parseDuration,
};

/** The settings of the profile of that name. */
export type FindProfile = (name: string) => Promise<MigrationSettings>;

/** Gives a command settings as options, all of them if not told which, and `--profile`. */
export function addSettings(command: Command, names: readonly (keyof MigrationSettings)[] = settingNames): Command {
  for (const name of names) {
    const { flag, placeholder, kind, help } = settingOptions[name];
    if (kind === 'switch') {
      const off = flag.replace('--', '--no-');
      const [does, undoes] = defaultSettings[name] === true ? [off, flag] : [flag, off];
      command.option(does, help).option(undoes, 'the opposite, where the profile has it');
    } else {
      const option = new Option(`${flag} <${placeholder ?? 'value'}>`, help).argParser(argument(readers[kind]));
      command.addOption(option.default(defaultSettings[name], settingDefaultText(name)));
    }
  }
  return command.option('--profile <name>', 'start from the settings of this profile');
}

/**
 * A command's settings, checked: what was given on its line, over those of its `--profile`, over the defaults.
 * @param names those the command has options for; the others stay at their defaults, whatever the profile says
 * @throws WherryError `usage` naming every setting that is out of range; what `profile` throws
 */
export async function readSettings(
  command: Command,
  profile: FindProfile,
  names: readonly (keyof MigrationSettings)[] = settingNames,
): Promise<MigrationSettings> {
  const options = command.opts();
  const base = typeof options['profile'] === 'string' ? await profile(options['profile']) : defaultSettings;
  const given = settingNames.map((name): readonly [string, unknown] => {
    if (!names.includes(name)) return [name, defaultSettings[name]];
    const key = attribute(settingOptions[name].flag);
    return [name, command.getOptionValueSource(key) === 'cli' ? options[key] : base[name]];
  });
  const check = checkSettings(Object.fromEntries(given));
  if (check.ok) return check.settings;
  // A later problem with the same field is the narrower one: zlib's own levels and not every method's.
  const messages = new Map(check.problems.map(({ field, message }) => [field, message]));
  throw new WherryError('usage', [...messages.values()].join('; '));
}

/** Makes a reader's refusal commander's, which names the option it was for. */
export function argument<Value>(read: (text: string) => Value): (text: string) => Value {
  return (text) => {
    try {
      return read(text);
    } catch (thrown) {
      throw new InvalidArgumentError(toFailure(thrown).message);
    }
  };
}

/**
 * A whole number of 0 or more.
 * @throws WherryError `usage`
 */
export function parseWhole(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new WherryError('usage', `expected a whole number of 0 or more, got ${JSON.stringify(text)}`);
}

function attribute(flag: string): string {
  return new Option(flag).attributeName();
}
