import { dialog } from 'electron';
import { readText } from '../engine/store/files';
import { maxImportBytes } from '../engine/store/profile-file';
import type { Profiles } from '../engine/store/profiles';
import { toFailure, WherryError } from '../shared/failure';
import type { Handlers } from './ipc';
import { saveWhereAsked } from './save-file';

/** The contract's calls about profiles. */
export type ProfileCalls = Pick<
  Handlers,
  | 'listProfiles'
  | 'saveProfile'
  | 'changeProfile'
  | 'deleteProfile'
  | 'removeRefusedProfile'
  | 'importProfiles'
  | 'exportProfiles'
>;

/** Answers them from the store. Files are read and written only where the operator said in the system's own dialog. */
export function profileCalls(profiles: Profiles): ProfileCalls {
  return {
    listProfiles: () => profiles.list(),
    saveProfile: ({ replace, ...profile }) => profiles.save(profile, { replace }),
    changeProfile: ({ name, profile }) => profiles.change(name, profile),
    deleteProfile: ({ name }) => profiles.delete(name),
    removeRefusedProfile: ({ name }) => profiles.removeRefused(name),
    importProfiles: async () => {
      const { canceled, filePaths } = await dialog.showOpenDialog({
        title: 'Import profiles',
        properties: ['openFile'],
        filters: [{ name: 'JSON', extensions: ['json'] }],
      });
      const [file] = filePaths;
      return canceled || file === undefined ? undefined : importFile(profiles, file);
    },
    exportProfiles: async ({ names }) =>
      saveWhereAsked('Export profiles', 'wherry-profiles.json', await profiles.export(names)),
  };
}

/** All of a file or nothing of it; what it would replace is asked about first. */
async function importFile(profiles: Profiles, file: string): Promise<readonly string[] | undefined> {
  try {
    const text = await readText(file, maxImportBytes);
    if (text === undefined) throw new WherryError('usage', 'there is no such file');
    const taken = await profiles.taken(text);
    if (taken.length > 0 && !(await mayReplace(taken))) return undefined;
    return await profiles.import(text, { replace: taken.length > 0 });
  } catch (error) {
    const { code, message } = toFailure(error);
    throw new WherryError(code, `Nothing was imported from ${file}: ${message}`, { cause: error });
  }
}

/** The question an import asks about names there are already; the first answer is the safe one. */
export function replacingQuestion(names: readonly string[]): Electron.MessageBoxOptions {
  const shown = names.slice(0, 8).map((name) => `“${name}”`);
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : '';
  return {
    type: 'question',
    title: 'Import profiles',
    message: `${names.length === 1 ? 'A profile of this name is' : 'Profiles of these names are'} here already.`,
    detail: `${shown.join(', ')}${more}. Replaced settings cannot be brought back.`,
    buttons: ['Import nothing', 'Replace'],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
  };
}

async function mayReplace(names: readonly string[]): Promise<boolean> {
  const { response } = await dialog.showMessageBox(replacingQuestion(names));
  return response === 1;
}
