import { tick } from 'svelte';
import { commandOf, viewOf, type CommandName } from '../../shared/commands';
import type { KnownGuest, RunView } from '../../shared/contract';
import { toFailure } from '../../shared/failure';
import type { SampleKind } from '../../shared/guest';
import type { ReceiveOrder, ReceiverView } from '../../shared/receiving';
import type { MigrationSettings, SettingsChange } from '../../shared/settings';
import type { BandMs } from '../../shared/snapshot';
import type { Notice } from '../../shared/window-state';
import { againOf, type EndedRun } from './again';
import { call, listen } from './bridge';
import { MigrationForm } from './form.svelte';
import { LinkCheck } from './link-check.svelte';
import { ProfileBook } from './profiles.svelte';
import { Route } from './route.svelte';
import { Run } from './run.svelte';
import { press } from './shortcuts';
import { Theme } from './theme.svelte';

/** Everything the window shows. Views read it and call its verbs; nothing else talks to the main process. */
export class Console {
  readonly theme = new Theme();
  readonly route = new Route();
  readonly profiles = new ProfileBook();
  readonly form = new MigrationForm(() => this.guests, this.profiles);
  readonly link = new LinkCheck(this.form);
  #guests = $state.raw<readonly KnownGuest[]>([]);
  #samples = $state.raw<readonly SampleKind[]>(['builtin']);
  #places = $state.raw<readonly string[]>([]);
  #run = $state.raw<Run>();
  #receiver = $state.raw<ReceiverView>();
  #notices = $state.raw<readonly Notice[]>([]);
  #ready = $state(false);
  /** Whether the help sheet is open. */
  helping = $state(false);
  /** What is typed to become a destination. */
  receiveOrder = $state.raw<ReceiveOrder>({ listen: '127.0.0.1:4711', destination: '' });

  /** Listens first and asks then, so that nothing falls between. */
  constructor() {
    listen('guests', (guests) => (this.#guests = guests));
    listen('snapshot', (snapshot) => this.#run?.take(snapshot));
    listen('receiver', (view) => (this.#receiver = view));
    listen('ramMap', (update) => this.#run?.takeMap(update));
    listen('notices', (notices) => (this.#notices = notices));
    listen('command', (name) => void this.do(name));
    listen('run', (view) => this.#takeRun(view));
    void this.#load();
  }

  get guests(): readonly KnownGuest[] {
    return this.#guests;
  }

  get samples(): readonly SampleKind[] {
    return this.#samples;
  }

  /** Folders in which guests are looked for. */
  get places(): readonly string[] {
    return this.#places;
  }

  /** The migration under way or the last one. */
  get run(): Run | undefined {
    return this.#run;
  }

  /** This machine as a destination; absent before it was one. */
  get receiver(): ReceiverView | undefined {
    return this.#receiver;
  }

  /** What the operator has to know and has not dismissed. */
  get notices(): readonly Notice[] {
    return this.#notices;
  }

  /** Whether a migration is under way. */
  get busy(): boolean {
    return this.#run !== undefined && this.#run.report === undefined;
  }

  /** Whether the main process has answered. */
  get ready(): boolean {
    return this.#ready;
  }

  async startSample(kind: SampleKind, memoryBytes: number, workload: KnownGuest['workload'] = 'idle'): Promise<void> {
    const guest = await call('startSample', { kind, memoryBytes, workload });
    this.form.choose(guest.id);
  }

  async addGuest(address: string): Promise<void> {
    const guest = await call('addGuest', { address });
    this.form.choose(guest.id);
  }

  removeGuest(guestId: string): Promise<void> {
    return call('removeGuest', { guestId });
  }

  /** Asks every guest again how it is. */
  refresh(): Promise<void> {
    return call('refreshGuests');
  }

  /** Opens the form for a guest. */
  prepare(guestId: string): void {
    this.form.choose(guestId);
    this.route.go('new');
  }

  /** Opens the form filled from a profile. */
  useProfile(name: string): void {
    this.form.chooseProfile(name);
    this.route.go('new');
  }

  /** Opens the form filled with a run's settings; with its guest, or another sample like it, where that is known. */
  async prepareAgain(run: EndedRun, settings: MigrationSettings, guestId?: string): Promise<void> {
    const guest = this.#guests.find(({ id }) => id === guestId) ?? this.#guestOf(run);
    const again = guest && againOf(guest, run);
    if (again !== undefined && 'sample' in again) {
      const { kind, memoryBytes, workload } = again.sample;
      await this.startSample(kind, memoryBytes, workload);
    } else if (again !== undefined) this.form.chooseAgain(again.guestId, again.destination, run.destination);
    this.form.fill(settings);
    this.route.go('new');
  }

  #guestOf({ source, destination }: EndedRun): KnownGuest | undefined {
    return this.#guests.find(({ address }) => address === source || address === destination);
  }

  /** Starts what the form says and shows it. */
  async start(): Promise<void> {
    const { order } = this.form;
    if (order === undefined) return;
    await call('startMigration', order);
    this.route.go('live');
  }

  /** Puts the command that does the same on the clipboard. */
  async copyCommandLine(): Promise<void> {
    const { order } = this.form;
    if (order !== undefined) await call('copyCommandLine', order);
  }

  cancel(): Promise<void> {
    return call('cancelMigration');
  }

  /** Puts other settings in force; what is in force then comes with the next snapshot too. */
  async change(change: SettingsChange): Promise<void> {
    await call('changeSettings', change);
  }

  /** Stops sending, the guest running on, or sends again. */
  setPaused(paused: boolean): Promise<void> {
    return call(paused ? 'pauseMigration' : 'resumeMigration');
  }

  /** How long the guest would stand still if it were forced now, if anybody can say. */
  switchoverCost(): Promise<BandMs | undefined> {
    return call('switchoverCost');
  }

  forceSwitchover(): Promise<void> {
    return call('forceSwitchover');
  }

  /** Makes this machine the destination that was typed. */
  startReceiving(): Promise<void> {
    return call('startReceiving', this.receiveOrder);
  }

  stopReceiving(): Promise<void> {
    return call('stopReceiving');
  }

  copyPairing(): Promise<void> {
    return call('copyPairing');
  }

  dismiss(id: number): Promise<void> {
    return call('dismissNotice', { id });
  }

  /** Does what was chosen in the menu or by its keys: shows a view, or presses the button that does the same. */
  async do(name: CommandName): Promise<void> {
    if (name === 'help') this.helping = true;
    else if (document.querySelector('dialog[open]') === null) {
      const view = viewOf(name);
      if (view !== undefined) return this.route.go(view);
      const { view: home } = commandOf(name);
      if (press(name) || home === undefined) return;
      await this.route.arriveAt(home);
      await tick();
      press(name);
    }
  }

  /** A run is told of when it starts, before its first snapshot, and with its report when it has ended. */
  #takeRun(view: RunView): void {
    if (view.report === undefined) this.#run = new Run(view);
    else this.#run?.finish(view);
  }

  async #load(): Promise<void> {
    const { guests, samples, places, run, receiver, theme, notices } = await call('readConsole');
    this.#receiver = receiver;
    this.theme.take(theme);
    this.#notices = notices;
    if (receiver !== undefined) this.receiveOrder = { listen: receiver.listen, destination: receiver.destination };
    this.#guests = guests;
    this.#samples = samples;
    this.#places = places;
    if (run !== undefined) this.#run = new Run(run);
    this.#ready = true;
  }
}

/** Something that takes a moment and may be refused: whether it goes on, and what was said when it failed. */
export class Action {
  #pending = $state(false);
  #problem = $state<string>();

  get pending(): boolean {
    return this.#pending;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  /** What was said is old. */
  forget(): void {
    this.#problem = undefined;
  }

  /** Does the work, once at a time; a failure is kept to be shown in place. */
  async run(work: () => Promise<void>): Promise<void> {
    if (this.#pending) return;
    this.#pending = true;
    this.#problem = undefined;
    try {
      await work();
    } catch (error) {
      this.#problem = toFailure(error).message;
    } finally {
      this.#pending = false;
    }
  }
}
