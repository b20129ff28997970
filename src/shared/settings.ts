import * as v from 'valibot';
import { settingText, type UnitKind } from './setting-text';

/** Compression methods by the name used in settings, commands and reports. */
export const methods = ['none', 'zlib', 'zstd'] as const;
export type Method = (typeof methods)[number];

/** What the setting takes: one of them, or `auto`, which chooses among some of them as the migration runs. */
export const methodChoices = [...methods, 'auto'] as const;
export type MethodChoice = (typeof methodChoices)[number];

/** How the XBZRLE cache chooses the page to give up, by the name used in settings and commands. */
export const cachePolicies = ['lru', 'adaptive'] as const;
export type CachePolicyName = (typeof cachePolicies)[number];

/** What may be done with a migration that takes too long: keep the guest here, or switch over whatever the downtime. */
export const timeoutActions = ['cancel', 'force'] as const;
export type TimeoutAction = (typeof timeoutActions)[number];

/** Bytes in a guest page; x86 is fixed at this (QEMU's TARGET_PAGE_BITS 12). */
export const pageBytes = 4096;

interface Range {
  readonly min: number;
  readonly max: number;
}

/** Allowed ranges, both ends included; the one place they are written. */
export const limits = {
  /** The level is unused for `none`, and for `auto` that of zstd at which it starts. */
  level: { none: { min: 0, max: 19 }, zlib: { min: 0, max: 9 }, zstd: { min: 1, max: 19 }, auto: { min: 1, max: 19 } },
  compressThreads: { min: 1, max: 255 },
  decompressThreads: { min: 1, max: 255 },
  channels: { min: 1, max: 16 },
  xbzrleCacheBytes: { min: 0, max: 64 * 2 ** 30 },
  maxBandwidth: { min: 0, max: 1e12 },
  downtimeLimitMs: { min: 1, max: 2_000_000 },
  timeoutMs: { min: 0, max: 7 * 24 * 3_600_000 },
  resumeWindowMs: { min: 0, max: 3_600_000 },
  switchoverResumeWindowMs: { min: 0, max: 300_000 },
} as const satisfies Record<string, Range | Record<MethodChoice, Range>>;

/** What a setting is called where people read it (fields, error messages). */
export const settingLabels = {
  method: 'Compression method',
  level: 'Compression level',
  compressThreads: 'Compress threads',
  decompressThreads: 'Decompress threads',
  channels: 'Channels',
  xbzrleCacheBytes: 'XBZRLE cache size',
  cachePolicy: 'XBZRLE cache policy',
  maxBandwidth: 'Bandwidth limit',
  downtimeLimitMs: 'Downtime limit',
  waitForThread: 'Wait for a free compress thread',
  autoConverge: 'Auto-converge',
  timeoutMs: 'Timeout',
  onTimeout: 'On timeout',
  resumeWindowMs: 'Resume window',
  switchoverResumeWindowMs: 'Resume window at switchover',
  linkTest: 'Link test',
  paused: 'Leave paused',
} as const;

const oneOf = <const Names extends readonly string[]>(label: string, names: Names) =>
  v.picklist(names, ({ input }) => `${label}: expected one of ${names.join(', ')}, got ${JSON.stringify(input)}`);

/** A whole number; one that is written with a unit is told with units too. */
const integer = (label: string, { min, max }: Range, kind?: UnitKind) => {
  const words = (n: number): string =>
    kind === undefined || !Number.isSafeInteger(n) ? String(n) : settingText(kind, n);
  const expected = `${kind === undefined ? 'a whole number from ' : ''}${words(min)} to ${words(max)}`;
  return v.pipe(
    v.number(({ received }) => `${label}: expected ${expected}, got ${received}`),
    v.check(
      (n: number) => Number.isSafeInteger(n) && n >= min && n <= max,
      ({ input }) => `${label}: expected ${expected}, got ${words(input)}`,
    ),
  );
};

/** Room for less than a page is most likely a unit forgotten: `256` for `256MiB`. */
const cacheSize = v.pipe(
  integer(settingLabels.xbzrleCacheBytes, limits.xbzrleCacheBytes, 'bytes'),
  v.check(
    (bytes: number) => bytes === 0 || bytes >= pageBytes,
    ({ input }) =>
      `${settingLabels.xbzrleCacheBytes}: expected 0 or room for a page of ${pageBytes} bytes, such as 64MiB, got ${input} bytes`,
  ),
);

/** A level and what it is a level of, in whatever else was given. */
const levelSchema = v.object({ method: v.picklist(methodChoices), level: v.number() });

/** A run's settings as the engine takes them: bytes, bytes per second, milliseconds. */
export const settingsSchema = v.pipe(
  v.strictObject({
    method: oneOf(settingLabels.method, methodChoices),
    level: integer(settingLabels.level, limits.level.none),
    compressThreads: integer(settingLabels.compressThreads, limits.compressThreads),
    decompressThreads: integer(settingLabels.decompressThreads, limits.decompressThreads),
    /** Sockets between sender and receiver. */
    channels: integer(settingLabels.channels, limits.channels),
    /** Bytes over all shards; 0 switches XBZRLE off. */
    xbzrleCacheBytes: cacheSize,
    cachePolicy: oneOf(settingLabels.cachePolicy, cachePolicies),
    /** Bytes per second on the wire; 0 is unlimited. */
    maxBandwidth: integer(settingLabels.maxBandwidth, limits.maxBandwidth, 'rate'),
    downtimeLimitMs: integer(settingLabels.downtimeLimitMs, limits.downtimeLimitMs, 'duration'),
    /** Else a part whose thread is busy goes uncompressed; QEMU's `compress-wait-thread`. */
    waitForThread: v.boolean(),
    /** QEMU slows the guest down where it dirties memory faster than the link carries it. */
    autoConverge: v.boolean(),
    /** Milliseconds from the start in which the switchover has to begin; 0 is for ever. */
    timeoutMs: integer(settingLabels.timeoutMs, limits.timeoutMs, 'duration'),
    onTimeout: oneOf(settingLabels.onTimeout, timeoutActions),
    /** How long a lost link may take to come back, ms; 0: it is the end. */
    resumeWindowMs: integer(settingLabels.resumeWindowMs, limits.resumeWindowMs, 'duration'),
    /** The same while the guest stands still for the switchover; never longer than the other. */
    switchoverResumeWindowMs: integer(
      settingLabels.switchoverResumeWindowMs,
      limits.switchoverResumeWindowMs,
      'duration',
    ),
    /** Between two hosts, see first what the link gives. */
    linkTest: v.boolean(),
    /** Leave the guest paused on the destination when done. */
    paused: v.boolean(),
  }),
  // Not a plain check: that would not be made where another setting is no number at all.
  v.rawCheck(({ dataset: { value: input }, addIssue }) => {
    const given = v.safeParse(levelSchema, input);
    if (!given.success) return;
    const { method, level } = given.output;
    const { min, max } = limits.level[method];
    if (level >= min && level <= max) return;
    const message = `${settingLabels.level}: ${method} takes ${min} to ${max}, got ${level}`;
    addIssue({
      message,
      path: [{ type: 'object', origin: 'value', input: { method, level }, key: 'level', value: level }],
    });
  }),
  v.readonly(),
);

/** All settings of a run, in range. */
export type MigrationSettings = v.InferOutput<typeof settingsSchema>;

/** Settings that may be changed while a migration runs. */
export const liveSettingNames = [
  'method',
  'level',
  'compressThreads',
  'xbzrleCacheBytes',
  'maxBandwidth',
  'downtimeLimitMs',
] as const satisfies readonly (keyof MigrationSettings)[];
export type LiveSettingName = (typeof liveSettingNames)[number];

/** Some of them; what is left out stays as it is. Ranges are checked against the settings in force. */
export const settingsChangeSchema = v.pipe(v.partial(v.pick(settingsSchema.pipe[0], liveSettingNames)), v.readonly());
export type SettingsChange = v.InferOutput<typeof settingsChangeSchema>;

export const defaultSettings: MigrationSettings = {
  method: 'zstd',
  level: 1,
  compressThreads: 8,
  decompressThreads: 2,
  channels: 1,
  xbzrleCacheBytes: 64 * 2 ** 20,
  cachePolicy: 'adaptive',
  maxBandwidth: 0,
  downtimeLimitMs: 300,
  waitForThread: true,
  autoConverge: false,
  timeoutMs: 0,
  onTimeout: 'cancel',
  resumeWindowMs: 60_000,
  switchoverResumeWindowMs: 5000,
  linkTest: true,
  paused: false,
};

/** A setting that was refused, and why; no field where it is the whole. */
export interface SettingsProblem {
  readonly field: keyof MigrationSettings | undefined;
  readonly message: string;
}

/** Settings that are good, or every problem with them. */
export type SettingsCheck =
  | { readonly ok: true; readonly settings: MigrationSettings }
  | { readonly ok: false; readonly problems: readonly SettingsProblem[] };

/** Checks anything at all as settings; every problem names its field, what was expected and what came. */
export function checkSettings(input: unknown): SettingsCheck {
  const result = v.safeParse(settingsSchema, input);
  if (result.success) return { ok: true, settings: result.output };
  const problems = result.issues.map((issue) => ({
    field: issue.path?.[0]?.key as keyof MigrationSettings | undefined,
    message: issue.message,
  }));
  return { ok: false, problems };
}
