import { settingOptions } from '../../shared/command-line';
import type { SettingOption } from '../../shared/command-line';
import type { MigrationSettings } from '../../shared/settings';
import { settingText } from '../../shared/setting-text';
import { parseBytes, parseDuration, parseRate } from '../../shared/units';

export type SettingName = keyof MigrationSettings;

interface Notation {
  readonly write: (value: never) => string;
  /** @throws WherryError `usage`; what no schema takes may come through as it is, for the schema to quote */
  readonly read: (text: string) => unknown;
}

const notations: Readonly<Record<Exclude<SettingOption['kind'], 'switch'>, Notation>> = {
  word: { write: String, read: (text) => text },
  number: { write: String, read: numberOrText },
  bytes: { write: (value) => settingText('bytes', value), read: parseBytes },
  rate: { write: (value) => settingText('rate', value), read: parseRate },
  duration: { write: (value) => settingText('duration', value), read: parseDuration },
};

/** A setting as it is written in its field; for those that are written, not ticked. */
export function writeSetting(name: SettingName, value: string | number | boolean): string {
  return (notationOf(name).write as (value: unknown) => string)(value);
}

/**
 * What was typed in a setting's field, as the schema wants it.
 * @throws WherryError `usage` for what cannot be read
 */
export function readSetting(name: SettingName, text: string): unknown {
  return notationOf(name).read(text);
}

function notationOf(name: SettingName): Notation {
  const { kind } = settingOptions[name];
  return notations[kind === 'switch' ? 'word' : kind];
}

function numberOrText(text: string): number | string {
  const trimmed = text.trim();
  return /^-?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : trimmed;
}
