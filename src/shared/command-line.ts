import { isPairing } from './pairing-text';
import { defaultSettings } from './settings';
import type { MigrationSettings } from './settings';
import { settingText } from './setting-text';
import type { UnitKind } from './setting-text';

/** How a setting is written on the command line. */
export interface SettingOption {
  readonly flag: `--${string}`;
  /** What stands for its value in the help; a switch has none. */
  readonly placeholder?: string;
  readonly kind: UnitKind | 'word' | 'number' | 'switch';
  /** What the option does; of a switch that is on by default, what its `--no-` does. */
  readonly help: string;
}

/** Every setting's option: the parser, the help and `commandLine` derive from this table. */
export const settingOptions: Readonly<Record<keyof MigrationSettings, SettingOption>> = {
  method: {
    flag: '--method',
    placeholder: 'name',
    kind: 'word',
    help: 'compression: none, zlib, zstd, or auto for what is fastest',
  },
  level: {
    flag: '--level',
    placeholder: 'n',
    kind: 'number',
    help: 'compression level: zlib 0-9, zstd 1-19; auto starts there',
  },
  compressThreads: {
    flag: '--compress-threads',
    placeholder: 'n',
    kind: 'number',
    help: 'processes that encode and compress, 1-255',
  },
  decompressThreads: {
    flag: '--decompress-threads',
    placeholder: 'n',
    kind: 'number',
    help: 'processes that decode, 1-255',
  },
  channels: { flag: '--channels', placeholder: 'n', kind: 'number', help: 'sockets between sender and receiver, 1-16' },
  linkTest: { flag: '--link-test', kind: 'switch', help: 'between hosts, do not see first what the link gives' },
  xbzrleCacheBytes: {
    flag: '--xbzrle-cache',
    placeholder: 'size',
    kind: 'bytes',
    help: 'pages remembered on both sides, for deltas and repeated pages; 0 = off',
  },
  cachePolicy: {
    flag: '--cache-policy',
    placeholder: 'name',
    kind: 'word',
    help: 'which pages it keeps: lru, adaptive',
  },
  maxBandwidth: {
    flag: '--max-bandwidth',
    placeholder: 'rate',
    kind: 'rate',
    help: 'most on the wire: 100Mbit, 12MB/s; 0 = unlimited',
  },
  downtimeLimitMs: {
    flag: '--downtime-limit',
    placeholder: 'time',
    kind: 'duration',
    help: 'longest pause the guest may have: 300ms, 1s',
  },
  waitForThread: {
    flag: '--wait-thread',
    kind: 'switch',
    help: 'send uncompressed what finds its compress thread busy, rather than wait',
  },
  autoConverge: {
    flag: '--auto-converge',
    kind: 'switch',
    help: 'slow the guest down where it writes faster than is carried',
  },
  timeoutMs: {
    flag: '--timeout',
    placeholder: 'time',
    kind: 'duration',
    help: 'by when the switchover has to begin: 10m; 0 = whenever',
  },
  onTimeout: {
    flag: '--on-timeout',
    placeholder: 'action',
    kind: 'word',
    help: 'then cancel, the guest staying, or force the switchover',
  },
  resumeWindowMs: {
    flag: '--resume-window',
    placeholder: 'time',
    kind: 'duration',
    help: 'how long a lost link may take to come back; 0 = not at all',
  },
  switchoverResumeWindowMs: {
    flag: '--switchover-resume-window',
    placeholder: 'time',
    kind: 'duration',
    help: 'the same while the guest stands still',
  },
  paused: { flag: '--paused', kind: 'switch', help: 'leave the guest paused on the destination when done' },
};

/** The names of the settings, in the order they are written in. */
export const settingNames = Object.keys(settingOptions) as readonly (keyof MigrationSettings)[];

/** The file that stands for a pairing text in a command line. */
export const pairingFile = 'vm.pairing';

/**
 * The `wherry migrate` line that does the same, quoted for a POSIX shell; settings at their default are left out. A
 * pairing text is a secret, which a shell remembers and everybody on the machine can read: `pairingFile` has to hold it.
 */
export function commandLine(source: string, destination: string, settings: MigrationSettings): string {
  const to = isPairing(destination) ? `@${pairingFile}` : destination;
  const words = ['wherry', 'migrate', '--source', source, '--destination', to];
  return [...words.map(quoted), settingsLine(settings)].join(' ').trimEnd();
}

/** The options that make the defaults these settings, as they are typed; none for the defaults. */
export function settingsLine(settings: MigrationSettings): string {
  const chosen = settingNames.filter((name) => settings[name] !== defaultSettings[name]);
  return chosen.flatMap((name) => settingWords(name, settings[name]).map(quoted)).join(' ');
}

function settingWords(name: keyof MigrationSettings, value: string | number | boolean): readonly string[] {
  const { flag, kind } = settingOptions[name];
  if (kind === 'switch') return [value === true ? flag : flag.replace('--', '--no-')];
  if (kind === 'word' || kind === 'number') return [flag, String(value)];
  return [flag, settingText(kind, Number(value))];
}

/** The option's value as the help and the default texts show it. */
export function settingDefaultText(name: keyof MigrationSettings): string {
  return settingWords(name, defaultSettings[name])[1] ?? '';
}

/** A word as a POSIX shell has to be given it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
