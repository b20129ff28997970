import { settingNames, settingOptions } from '../../shared/command-line';
import { toFailure } from '../../shared/failure';
import { checkSettings, defaultSettings, settingLabels } from '../../shared/settings';
import type { MigrationSettings } from '../../shared/settings';
import { readSetting, writeSetting } from './notation';
import type { SettingName } from './notation';

export type { SettingName } from './notation';

/** Numbers are text while they are being typed; choices and switches are what they are. */
type Typed<Value> = Value extends number ? string : Value;

/** The settings as they stand in the fields. A cache of nothing is a box that is not ticked. */
export type Draft = { -readonly [Name in SettingName]: Typed<MigrationSettings[Name]> } & { xbzrle: boolean };

/** Limits that are none when nothing is typed. */
const emptyIsNone: readonly SettingName[] = ['maxBandwidth', 'timeoutMs'];

/** What the fields come to: settings when every one is right, and otherwise what is wrong with which. */
export interface DraftCheck {
  readonly settings?: MigrationSettings;
  readonly problems: Readonly<Partial<Record<SettingName, string>>>;
}

/** A draft holding these settings; with XBZRLE off, the size that a tick would bring is the default's. */
export function draftOf(settings: MigrationSettings): Draft {
  const xbzrle = settings.xbzrleCacheBytes > 0;
  const shown = xbzrle ? settings : { ...settings, xbzrleCacheBytes: defaultSettings.xbzrleCacheBytes };
  const fields = settingNames.map((name) => [name, isSwitch(name) ? shown[name] : writeSetting(name, shown[name])]);
  return { ...(Object.fromEntries(fields) as Draft), xbzrle };
}

/** Reads the fields and checks them by the schema the command and the engine use. */
export function checkDraft(draft: Draft): DraftCheck {
  const unreadable: Partial<Record<SettingName, string>> = {};

  function read(name: SettingName): unknown {
    const typed = draft[name];
    if (typeof typed === 'boolean') return typed;
    if (name === 'xbzrleCacheBytes' && !draft.xbzrle) return 0;
    if (typed.trim() === '' && emptyIsNone.includes(name)) return 0;
    try {
      return readSetting(name, typed);
    } catch (error) {
      unreadable[name] = `${settingLabels[name]}: ${toFailure(error).message}`;
      return defaultSettings[name]; // stands in, so that the other fields are still checked
    }
  }

  const check = checkSettings(Object.fromEntries(settingNames.map((name) => [name, read(name)])));
  const refused: Partial<Record<SettingName, string>> = {};
  for (const { field, message } of check.ok ? [] : check.problems) if (field !== undefined) refused[field] = message;
  const problems = { ...refused, ...unreadable };
  return check.ok && Object.keys(problems).length === 0 ? { settings: check.settings, problems } : { problems };
}

/** Settings in which a draft differs from what it was filled with, in the order they are written in. */
export function changedSettings(draft: Draft, from: MigrationSettings): readonly SettingName[] {
  const { settings } = checkDraft(draft);
  if (settings !== undefined) return settingNames.filter((name) => settings[name] !== from[name]);
  const before = draftOf(from);
  return settingNames.filter(
    (name) => draft[name] !== before[name] || (name === 'xbzrleCacheBytes' && draft.xbzrle !== before.xbzrle),
  );
}

function isSwitch(name: SettingName): boolean {
  return settingOptions[name].kind === 'switch';
}
