import * as v from 'valibot';
import type { CommandName } from './commands';
import { toFailure, type Failure } from './failure';
import { builtinMemory, sampleKinds, workloads } from './guest';
import type { SampleKind, Workload } from './guest';
import type { LinkFigures } from './link';
import { parseListenAddress } from './listen-address';
import type { RamMapUpdate, RamMapView } from './ram-map';
import type { ReceiverView } from './receiving';
import { profileNameSchema } from './profile';
import type { Profile, ProfileList } from './profile';
import { comparable } from './run-record';
import type { RunList, RunRecord } from './run-record';
import { settingsChangeSchema, settingsSchema } from './settings';
import type { MigrationSettings } from './settings';
import type { BandMs, Report, Snapshot } from './snapshot';
import { themes, type Notice, type ThemeChoice } from './window-state';

/**
 * The one table of what crosses between window and main process. Channel names, payload checks, the preload's bridge,
 * the main process's handlers and every type on the way derive from `calls` and `pushes`; there is no second list.
 */

/** A guest the console knows. Unknown is absent. */
export interface KnownGuest {
  readonly id: string;
  readonly name: string;
  /** A sample of ours, added by its address, or found in one of the usual places. */
  readonly origin: SampleKind | 'added' | 'found';
  /** QMP address of the process the guest is in now. */
  readonly address: string;
  /** QMP address of a destination started for it and still waiting. */
  readonly destination?: string;
  /** QEMU's run state as last asked: `running`, `paused`, `postmigrate`… */
  readonly status?: string;
  readonly memoryBytes?: number;
  readonly vcpus?: number;
  readonly workload?: Workload;
  /** Bytes of its memory it wrote to in a second, as last measured. */
  readonly dirtyRate?: number;
  /** Why the last question to it had no answer. */
  readonly problem?: Failure;
}

/** The migration under way or the last one; `report` is there once it has ended. */
export interface RunView {
  readonly guestId: string;
  readonly guestName: string;
  readonly source: string;
  readonly destination: string;
  readonly settings: MigrationSettings;
  readonly snapshot?: Snapshot;
  readonly report?: Report;
  /** What became of the guest's memory, as far as it has got. */
  readonly ramMap?: RamMapView;
  /** The run's id in the history, once it is there. */
  readonly kept?: string;
  /** Why the run is not in the history, where it could not be kept. */
  readonly notKept?: Failure;
}

/** Everything a window needs to draw itself from nothing. */
export interface ConsoleState {
  readonly guests: readonly KnownGuest[];
  /** Sample kinds this machine can start. */
  readonly samples: readonly SampleKind[];
  /** Folders in which guests are looked for. */
  readonly places: readonly string[];
  readonly run?: RunView;
  readonly receiver?: ReceiverView;
  readonly theme: ThemeChoice;
  readonly notices: readonly Notice[];
}

interface Call<Schema extends v.GenericSchema, Result> {
  readonly payload: Schema;
  /** Never set; carries the result's type. */
  readonly result?: Result;
}

interface Push<Value> {
  /** Never set; carries the value's type. */
  readonly value?: Value;
}

function call<Result>() {
  return <Schema extends v.GenericSchema>(payload: Schema): Call<Schema, Result> => ({ payload });
}

function push<Value>(): Push<Value> {
  return {};
}

const nothing = v.undefined('expected no payload');
const address = v.pipe(
  v.string('Address: expected text'),
  v.trim(),
  v.minLength(1, 'Address: expected a QMP address such as /run/guest.qmp, unix:/run/guest.qmp or tcp:host:port'),
  v.maxLength(4096, 'Address: expected at most 4096 characters'),
);

/** Where a receiver listens: `host:port`, `:port` or `port`. */
export const listenSchema = v.pipe(
  v.string('Listen address: expected text'),
  v.trim(),
  v.maxLength(300, 'Listen address: expected at most 300 characters'),
  v.check(isListenAddress, ({ input }) => `Listen address: ${listenProblem(input)}`),
);

function isListenAddress(text: string): boolean {
  return listenProblem(text) === undefined;
}

function listenProblem(text: string): string | undefined {
  try {
    parseListenAddress(text);
    return undefined;
  } catch (error) {
    return toFailure(error).message;
  }
}

const guestId = v.pipe(v.string(), v.minLength(1), v.maxLength(64));

const runIds = v.pipe(
  v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(64))),
  v.minLength(1, 'Runs: expected at least one'),
  v.maxLength(1000),
);

/** A file's name as our stores give them: no part of it leads out of a folder. */
const fileName = v.pipe(
  v.string(),
  v.regex(/^[\dA-Za-z-]{1,64}\.json$/, 'File: expected the name of a file in the store'),
);

/** Kinds of file that runs are exported to: JSON with everything, or CSV with a line a run. */
export const exportFormats = ['json', 'csv'] as const;
export type ExportFormat = (typeof exportFormats)[number];

const linkSettings = v.pick(settingsSchema.pipe[0], ['channels', 'maxBandwidth']);

const order = v.strictObject({ guestId, destination: address, settings: settingsSchema });

const profile = { name: profileNameSchema, settings: settingsSchema };

const memoryMessage = `Guest memory: expected whole pages from ${builtinMemory.min / 2 ** 20} MiB to ${builtinMemory.max / 2 ** 30} GiB`;

/** Guest memory in bytes: what the built-in guest allows, in whole MiB. */
export const guestMemorySchema = v.pipe(
  v.number(memoryMessage),
  v.minValue(builtinMemory.min, memoryMessage),
  v.maxValue(builtinMemory.max, memoryMessage),
  v.multipleOf(2 ** 20, 'Guest memory: expected whole MiB'),
);

/** A PNG file's first eight bytes. */
const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** A picture of the charts: some MiB at most. */
const png = v.pipe(
  v.instance(Uint8Array, 'Picture: expected bytes'),
  v.check(({ length }) => length <= 64 * 2 ** 20, 'Picture: expected at most 64 MiB'),
  v.check((bytes) => pngSignature.every((byte, at) => bytes[at] === byte), 'Picture: expected a PNG file'),
);

/** Calls a window may make, each with the schema its payload must pass. */
export const calls = {
  readConsole: call<ConsoleState>()(nothing),
  startSample: call<KnownGuest>()(
    v.strictObject({
      kind: v.picklist(sampleKinds),
      memoryBytes: guestMemorySchema,
      workload: v.picklist(workloads),
    }),
  ),
  addGuest: call<KnownGuest>()(v.strictObject({ address })),
  removeGuest: call<void>()(v.strictObject({ guestId })),
  refreshGuests: call<void>()(nothing),
  startMigration: call<void>()(order),
  /** What the link to a receiver gives, over so many channels within the limit; takes a second or two. */
  testLink: call<LinkFigures>()(v.strictObject({ destination: address, ...linkSettings.entries })),
  cancelMigration: call<void>()(nothing),
  /** Answers with the settings in force then. */
  changeSettings: call<MigrationSettings>()(settingsChangeSchema),
  pauseMigration: call<void>()(nothing),
  resumeMigration: call<void>()(nothing),
  /** How long the guest would stand still if it were forced now; absent as long as nobody can say. */
  switchoverCost: call<BandMs | undefined>()(nothing),
  forceSwitchover: call<void>()(nothing),
  listRuns: call<RunList>()(nothing),
  /** Runs with their figures over time, as many as are compared. */
  readRuns: call<readonly RunRecord[]>()(v.strictObject({ ids: v.pipe(runIds, v.maxLength(comparable.max)) })),
  deleteRuns: call<void>()(v.strictObject({ ids: runIds })),
  /** Removes a file of the history that is no good, by its name there. */
  removeRefusedRun: call<void>()(v.strictObject({ name: fileName })),
  /** Asks where to; answers with the file written, or nothing when the asking was called off. */
  exportRuns: call<string | undefined>()(v.strictObject({ ids: runIds, format: v.picklist(exportFormats) })),
  /** Makes this machine a destination. */
  startReceiving: call<void>()(v.strictObject({ listen: listenSchema, destination: address })),
  stopReceiving: call<void>()(nothing),
  /** Puts the pairing text on the clipboard. */
  copyPairing: call<void>()(nothing),
  listProfiles: call<ProfileList>()(nothing),
  saveProfile: call<Profile>()(v.strictObject({ ...profile, replace: v.boolean() })),
  /** Puts a profile in the place of the one called `name`. */
  changeProfile: call<Profile>()(v.strictObject({ name: profileNameSchema, profile: v.strictObject(profile) })),
  deleteProfile: call<void>()(v.strictObject({ name: profileNameSchema })),
  /** Removes a profile's file that is no good, by its name there. */
  removeRefusedProfile: call<void>()(v.strictObject({ name: fileName })),
  /** Asks which file, and before it replaces; answers with the names, or nothing when the asking was called off. */
  importProfiles: call<readonly string[] | undefined>()(nothing),
  /** Asks where to; answers with the file written, or nothing when the asking was called off. */
  exportProfiles: call<string | undefined>()(
    v.strictObject({ names: v.pipe(v.array(profileNameSchema), v.maxLength(1000)) }),
  ),
  /** Puts the command that runs this migration on the clipboard, which the page itself may not touch. */
  copyCommandLine: call<void>()(order),
  chooseTheme: call<void>()(v.strictObject({ theme: v.picklist(themes) })),
  dismissNotice: call<void>()(v.strictObject({ id: v.pipe(v.number(), v.safeInteger()) })),
  /** Asks where to keep a picture; answers as `exportRuns` does. The name is what the file is proposed to be called. */
  savePicture: call<string | undefined>()(
    v.strictObject({ name: v.pipe(v.string(), v.regex(/^[\w ]{1,64}$/, 'Picture: expected a plain name')), png }),
  ),
};

/** What the main process tells its window unasked. */
export const pushes = {
  guests: push<readonly KnownGuest[]>(),
  /** At a migration's start, and once more with the report at its end. */
  run: push<RunView>(),
  snapshot: push<Snapshot>(),
  receiver: push<ReceiverView>(),
  ramMap: push<RamMapUpdate>(),
  theme: push<ThemeChoice>(),
  notices: push<readonly Notice[]>(),
  /** Chosen in the menu or by its keys, for the page to do. */
  command: push<CommandName>(),
};

/** A call that a window may make. */
export type CallName = keyof typeof calls;
export type CallPayload<Name extends CallName> = v.InferOutput<(typeof calls)[Name]['payload']>;
export type CallResult<Name extends CallName> =
  (typeof calls)[Name] extends Call<v.GenericSchema, infer Result> ? Result : never;
export type PushName = keyof typeof pushes;
export type PushValue<Name extends PushName> = (typeof pushes)[Name] extends Push<infer Value> ? Value : never;

/** An answer that keeps the failure's code on its way between processes. */
export type Outcome<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly failure: Failure };

/** What the preload puts on the window: one function a call, one subscription a push. */
export interface Bridge {
  readonly calls: {
    readonly [Name in CallName]: (payload: CallPayload<Name>) => Promise<Outcome<CallResult<Name>>>;
  };
  /** Each takes a listener and returns what ends the subscription. */
  readonly pushes: {
    readonly [Name in PushName]: (listener: (value: PushValue<Name>) => void) => () => void;
  };
}

/** The name the bridge has on the window. */
export const bridgeName = 'wherry';

/** Channel a call or push travels on. */
export function channelOf(name: CallName | PushName): string {
  return `wherry:${name}`;
}

/** The table's names, typed. */
export const callNames = Object.keys(calls) as readonly CallName[];
export const pushNames = Object.keys(pushes) as readonly PushName[];
