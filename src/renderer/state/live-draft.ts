import { toFailure } from '../../shared/failure';
import { checkSettings, liveSettingNames, settingLabels } from '../../shared/settings';
import type { LiveSettingName, MigrationSettings, SettingsChange } from '../../shared/settings';
import { readSetting, writeSetting } from './notation';

/** What has been typed for some live settings and not yet been put in force. */
export type LiveDraft = Readonly<Partial<Record<LiveSettingName, string>>>;

/** What a draft comes to: a change when every field is right, and otherwise what is wrong with which. */
export interface LiveCheck {
  /** Absent where there is nothing to change or something is wrong. */
  readonly change?: SettingsChange;
  readonly problems: Readonly<Partial<Record<LiveSettingName, string>>>;
}

/** A setting as it is written in its field. */
export function liveText(name: LiveSettingName, settings: MigrationSettings): string {
  return writeSetting(name, settings[name]);
}

/** Reads what was typed and checks it, with the settings in force, by the schema the engine uses. */
export function checkLive(draft: LiveDraft, inForce: MigrationSettings): LiveCheck {
  const unreadable: Partial<Record<LiveSettingName, string>> = {};
  const change: Partial<Record<LiveSettingName, unknown>> = {};
  for (const name of liveSettingNames) {
    const typed = draft[name];
    if (typed === undefined) continue;
    try {
      const value = readSetting(name, typed);
      if (value !== inForce[name]) change[name] = value;
    } catch (error) {
      unreadable[name] = `${settingLabels[name]}: ${toFailure(error).message}`;
    }
  }
  const check = checkSettings({ ...inForce, ...change });
  // The last said of a field is the narrowest: what the method takes as a level, not what any of them does.
  const refused: Partial<Record<LiveSettingName, string>> = {};
  for (const { field, message } of check.ok ? [] : check.problems) {
    const name = liveSettingNames.find((each) => each === field);
    if (name !== undefined) refused[name] = message;
  }
  const problems = { ...refused, ...unreadable };
  if (Object.keys(problems).length > 0 || Object.keys(change).length === 0) return { problems };
  return { change: change as SettingsChange, problems };
}
