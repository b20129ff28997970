import type { Command } from 'commander';
import { readText } from '../engine/store/files';
import { maxImportBytes } from '../engine/store/profile-file';
import type { Profiles } from '../engine/store/profiles';
import { settingNames, settingsLine } from '../shared/command-line';
import { toFailure, WherryError } from '../shared/failure';
import { settingValueText } from '../shared/run-figures';
import { settingLabels } from '../shared/settings';
import type { MigrationSettings } from '../shared/settings';
import { writeExport } from './output-file';
import { ownName } from './own-name';
import { addSettings, readSettings, type FindProfile } from './settings-options';
import { writeLine, type Streams } from './streams';
import { printable, writeRefused, writeTable } from './table';

interface Surroundings {
  readonly streams: Streams;
  readonly profiles: Profiles;
}

/** Adds `wherry profiles`: settings under a name, for `--profile`. */
export function registerProfiles(program: Command, { streams, profiles }: Surroundings): void {
  const command = program.command('profiles').description('settings kept under a name, for --profile');
  const profile: FindProfile = async (name) => (await profiles.get(name)).settings;

  command
    .command('list')
    .description('name every profile')
    .option('--json', 'one JSON object')
    .action(({ json }: { readonly json?: true }) => list(profiles, streams, json === true));

  command
    .command('show <name>')
    .description("show a profile's settings")
    .option('--json', 'one JSON object')
    .action(async (name: string, { json }: { readonly json?: true }) => {
      const found = await profiles.get(name);
      if (json === true) return writeLine(streams.out, JSON.stringify(found));
      writeTable(streams.out, [found.name, ''], settingRows(found.settings));
      writeLine(streams.out, `\n${[`${ownName()} migrate …`, settingsLine(found.settings)].join(' ').trimEnd()}`);
    });

  addSettings(command.command('save <name>').description('keep the settings given here under a name'))
    .option('--replace', 'replace the profile of that name')
    .action(async (name: string, { replace }: { readonly replace?: true }, self: Command) => {
      const saved = await profiles.save({ name, settings: await readSettings(self, profile) }, replacing(replace));
      writeLine(streams.err, `saved "${saved.name}"`);
    });

  command
    .command('delete <name>')
    .description('delete a profile of your own')
    .action((name: string) => profiles.delete(name));

  registerExchange(command, { streams, profiles });
}

function registerExchange(command: Command, { streams, profiles }: Surroundings): void {
  command
    .command('export [names...]')
    .description('write profiles as one JSON file; all of your own when none is named')
    .option('--output <file>', 'where to; standard output when absent')
    .action(async (names: readonly string[], { output }: { readonly output?: string }) =>
      writeExport(streams, await profiles.export(names), output),
    );

  command
    .command('import <file>')
    .description('take over an exported file; when anything is wrong with it, nothing changes')
    .option('--replace', 'replace profiles of the same names')
    .action(async (file: string, { replace }: { readonly replace?: true }) => {
      const text = await readText(file, maxImportBytes);
      if (text === undefined) throw new WherryError('usage', `${file}: there is no such file`);
      const names = await profiles.import(text, replacing(replace)).catch((error: unknown) => {
        const { code, message } = toFailure(error);
        throw new WherryError(code, `${file}: nothing was imported: ${message}`, { cause: error });
      });
      writeLine(streams.err, `imported ${names.map((name) => `"${name}"`).join(', ')}`);
    });
}

async function list(profiles: Profiles, streams: Streams, json: boolean): Promise<void> {
  const found = await profiles.list();
  if (json) return writeLine(streams.out, JSON.stringify(found));
  const rows = found.profiles.map(({ name, shipped, settings }) => [
    name,
    shipped ? 'shipped' : 'own',
    printable(settingsLine(settings)),
  ]);
  writeTable(streams.out, ['name', 'kind', 'settings other than the defaults'], rows);
  writeRefused(streams, found.refused);
}

function settingRows(settings: MigrationSettings): readonly (readonly string[])[] {
  return settingNames.map((name) => [settingLabels[name], settingValueText(name, settings[name])]);
}

function replacing(replace: true | undefined): { readonly replace: boolean } {
  return { replace: replace === true };
}
