import { cachePolicies, limits, methodChoices, timeoutActions } from '../../shared/settings';
import { settingText } from '../../shared/setting-text';
import { formatBytes, formatDuration, formatRate } from '../../shared/units';
import type { Draft, SettingName } from './draft';

/** The groups of the settings form, in the order they stand. */
export const settingGroups = ['Compression', 'XBZRLE', 'Limits', 'Safety'] as const;
export type SettingGroup = (typeof settingGroups)[number];

/** How a setting stands in a form: what is chosen from, and one line with range, unit and reason. */
export interface SettingField {
  readonly group: SettingGroup;
  readonly hint: string | ((draft: Draft) => string);
  /** For what is chosen from a few; the text is what is shown. */
  readonly choices?: readonly { readonly value: string; readonly text: string }[];
}

const { compressThreads, decompressThreads, channels, xbzrleCacheBytes } = limits;

/** Every setting's place in the form. What a setting is called and what it may be is said in `shared/settings`. */
export const settingFields: Readonly<Record<SettingName, SettingField>> = {
  method: {
    group: 'Compression',
    choices: methodChoices.map((value) => ({ value, text: value })),
    hint: 'zstd packs tightest for its time; auto goes by what limits',
  },
  level: { group: 'Compression', hint: levelHint },
  compressThreads: {
    group: 'Compression',
    hint: `${compressThreads.min} to ${compressThreads.max}, on the source’s side`,
  },
  decompressThreads: {
    group: 'Compression',
    hint: `${decompressThreads.min} to ${decompressThreads.max}, on the destination’s side`,
  },
  channels: {
    group: 'Compression',
    hint: `${channels.min} to ${channels.max} sockets; more for links where one is slow alone`,
  },
  linkTest: { group: 'Compression', hint: 'Between hosts: what the link gives is seen first, in a second' },
  waitForThread: { group: 'Compression', hint: 'Else what finds its thread busy goes uncompressed' },
  xbzrleCacheBytes: {
    group: 'XBZRLE',
    hint: `Up to ${formatBytes(xbzrleCacheBytes.max)}; best at what the guest rewrites, or more`,
  },
  cachePolicy: {
    group: 'XBZRLE',
    choices: cachePolicies.map((value) => ({ value, text: value })),
    hint: 'adaptive also helps where more is rewritten than fits',
  },
  maxBandwidth: {
    group: 'Limits',
    hint: `100Mbit or 12MB/s, up to ${formatRate(limits.maxBandwidth.max)}; 0 is no limit`,
  },
  downtimeLimitMs: {
    group: 'Limits',
    hint: `${formatDuration(limits.downtimeLimitMs.min)} to ${formatDuration(limits.downtimeLimitMs.max)}; the longest planned pause`,
  },
  timeoutMs: {
    group: 'Limits',
    hint: `10m, up to ${settingText('duration', limits.timeoutMs.max)}; by when it has to switch over, 0 is whenever`,
  },
  onTimeout: {
    group: 'Limits',
    choices: timeoutActions.map((value) => ({
      value,
      text: { cancel: 'cancel', force: 'force the switchover' }[value],
    })),
    hint: 'Forcing takes whatever pause that costs',
  },
  resumeWindowMs: {
    group: 'Safety',
    hint: `60s, up to ${settingText('duration', limits.resumeWindowMs.max)}; how long a lost link may take to come back, 0 ends it`,
  },
  switchoverResumeWindowMs: {
    group: 'Safety',
    hint: `5s, up to ${settingText('duration', limits.switchoverResumeWindowMs.max)}; the same while the guest stands still`,
  },
  autoConverge: { group: 'Safety', hint: 'The guest is slowed down if it writes too fast' },
  paused: { group: 'Safety', hint: 'Nothing is continued on the destination; you start it' },
};

function levelHint({ method }: Draft): string {
  const { min, max } = limits.level[method];
  if (method === 'none') return 'Not used without compression';
  if (method === 'auto') return `${min} to ${max}, zstd’s, to start with; then by what limits`;
  return `${min} to ${max}; higher is smaller and slower`;
}

/** A setting's line under its field. */
export function hintOf(name: SettingName, draft: Draft): string {
  const { hint } = settingFields[name];
  return typeof hint === 'string' ? hint : hint(draft);
}
