import { toFailure } from '../../shared/failure';
import { checkSettings, defaultSettings, settingLabels } from '../../shared/settings';
import type { CachePolicyName, MethodChoice, MigrationSettings, TimeoutAction } from '../../shared/settings';
import { parseBytes, parseDuration, parseRate, settingText } from '../../shared/units';

export type SettingName = keyof MigrationSettings;

/** The settings as they stand in the fields: text while it is being typed. */
export interface Draft {
  method: MethodChoice;
  level: string;
  compressThreads: string;
  decompressThreads: string;
  channels: string;
  xbzrle: boolean;
  xbzrleCacheBytes: string;
  cachePolicy: CachePolicyName;
  maxBandwidth: string;
  downtimeLimitMs: string;
  waitForThread: boolean;
  autoConverge: boolean;
  timeoutMs: string;
  onTimeout: TimeoutAction;
  paused: boolean;
}

/** What the fields come to: settings when every one is right, and otherwise what is wrong with which. */
export interface DraftCheck {
  readonly settings?: MigrationSettings;
  readonly problems: Readonly<Partial<Record<SettingName, string>>>;
}

/** A draft holding the default settings. */
export function defaultDraft(): Draft {
  const { method, level, compressThreads, decompressThreads, channels, cachePolicy } = defaultSettings;
  const { waitForThread, autoConverge, onTimeout, paused } = defaultSettings;
  return {
    method,
    level: String(level),
    compressThreads: String(compressThreads),
    decompressThreads: String(decompressThreads),
    channels: String(channels),
    xbzrle: true,
    xbzrleCacheBytes: settingText('bytes', defaultSettings.xbzrleCacheBytes),
    cachePolicy,
    maxBandwidth: settingText('rate', defaultSettings.maxBandwidth),
    downtimeLimitMs: settingText('duration', defaultSettings.downtimeLimitMs),
    waitForThread,
    autoConverge,
    timeoutMs: settingText('duration', defaultSettings.timeoutMs),
    onTimeout,
    paused,
  };
}

/** Reads the fields and checks them by the schema the command and the engine use. */
export function checkDraft(draft: Draft): DraftCheck {
  const unreadable: Partial<Record<SettingName, string>> = {};

  function read(name: SettingName, parse: (text: string) => number, text: string): number {
    try {
      return parse(text);
    } catch (error) {
      unreadable[name] = `${settingLabels[name]}: ${toFailure(error).message}`;
      return defaultSettings[name] as number; // stands in, so that the other fields are still checked
    }
  }

  const candidate = {
    method: draft.method,
    level: numberOrText(draft.level),
    compressThreads: numberOrText(draft.compressThreads),
    decompressThreads: numberOrText(draft.decompressThreads),
    channels: numberOrText(draft.channels),
    xbzrleCacheBytes: draft.xbzrle ? read('xbzrleCacheBytes', parseBytes, draft.xbzrleCacheBytes) : 0,
    cachePolicy: draft.cachePolicy,
    maxBandwidth: draft.maxBandwidth.trim() === '' ? 0 : read('maxBandwidth', parseRate, draft.maxBandwidth),
    downtimeLimitMs: read('downtimeLimitMs', parseDuration, draft.downtimeLimitMs),
    waitForThread: draft.waitForThread,
    autoConverge: draft.autoConverge,
    timeoutMs: draft.timeoutMs.trim() === '' ? 0 : read('timeoutMs', parseDuration, draft.timeoutMs),
    onTimeout: draft.onTimeout,
    paused: draft.paused,
  } satisfies Record<SettingName, unknown>;

  const check = checkSettings(candidate);
  const refused: Partial<Record<SettingName, string>> = {};
  for (const { field, message } of check.ok ? [] : check.problems) if (field !== undefined) refused[field] = message;
  const problems = { ...refused, ...unreadable };
  return check.ok && Object.keys(problems).length === 0 ? { settings: check.settings, problems } : { problems };
}

/** What does not read as a number goes to the schema as it is, whose message then quotes it. */
function numberOrText(text: string): number | string {
  const trimmed = text.trim();
  return /^-?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : trimmed;
}
