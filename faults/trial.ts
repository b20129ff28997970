import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { childrenOf, isAlive } from '../e2e/kit/processes';
import { differingPages } from '../e2e/kit/ram';
import { QmpClient } from '../src/engine/qmp/client';
import { formatPairing, parsePairing } from '../src/shared/pairing';
import { settingsLine } from '../src/shared/command-line';
import type { MigrationSettings } from '../src/shared/settings';
import type { Report } from '../src/shared/snapshot';
import type { SessionState } from '../src/shared/state';
import { type Guests, look, memoryBytes, startGuests } from './guests';
import type { Facts, Seen } from './judge';
import { Traces } from './leftovers';
import { Link } from './link';
import { faultStates, type Fault, type Plan } from './plan';
import { startConsole } from './console';
import { Program } from './program';

/** So long a run may take to begin, and to end after its fault; then it is cancelled, as an operator would. */
const patienceMs = 60_000;
/** A stalled link goes on after this. */
const stallMs = 3000;
/** So long until the source has made up its mind after a sender was killed. */
const settleMs = 30_000;

/** Everything of one run under way. */
interface Trial {
  readonly plan: Plan;
  readonly guests: Guests;
  readonly link: Link;
  readonly receiver: Program;
  readonly sender: Program;
  readonly traces: Traces;
  /** Processes that the fault has killed: what they leave is removed by the next command. */
  readonly killed: Set<number>;
}

/** Carries out one run and says what became of it; everything it started is gone afterwards. */
export async function tryOut(plan: Plan, wherry: string, settings: MigrationSettings): Promise<Facts> {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-faults-'));
  const traces = new Traces(folder, folder);
  const undo: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true, force: true })];
  try {
    const guests = await startGuests(plan.guest, plan.number);
    undo.push(() => guests.pair.stop());
    const receive = ['receive', '--listen', '127.0.0.1:0', '--destination', guests.pair.destination, '--json'];
    const receiver = Program.start([process.execPath, wherry, ...receive], traces.environment);
    undo.push(() => void receiver.child.kill('SIGKILL'));
    const listening = await receiver.line(({ event }) => event === 'listening', patienceMs);
    if (listening === undefined) throw new Error(`the receiver did not start: ${receiver.stderr}`);
    const pairing = parsePairing(String(listening['url']));
    const link = await Link.before(pairing.port);
    undo.push(() => link.close());
    const url = formatPairing({ ...pairing, port: link.port });
    const order = {
      source: guests.pair.source,
      destination: url,
      settings: { ...settings, channels: plan.channels, paused: plan.paused, linkTest: isLinkFault(plan) },
    };
    const sender = await startSender(plan, order, wherry, traces.environment);
    undo.push(() => void sender.child.kill('SIGKILL'));
    const trial = { plan, guests, link, receiver, sender, traces, killed: new Set<number>() };
    const hit = await strike(trial);
    return await aftermath(trial, hit, { wherry, folder });
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

/** Others have nothing to strike in a test, and would wait for it in vain. */
function isLinkFault({ fault }: Plan): boolean {
  return fault.startsWith('link') || fault.startsWith('one channel');
}

interface Order {
  readonly source: string;
  readonly destination: string;
  readonly settings: MigrationSettings;
}

function startSender({ fault }: Plan, order: Order, wherry: string, env: NodeJS.ProcessEnv): Promise<Program> {
  if (fault === 'console killed') return startConsole(env, order);
  const { source, destination, settings } = order;
  const words = [
    'migrate',
    '--source',
    source,
    '--destination',
    destination,
    '--json',
    ...settingsLine(settings).split(' '),
  ];
  const around = fault === 'disk full' ? smallDisk(String(env['WHERRY_DATA_DIR'])) : [];
  return Promise.resolve(Program.start([...around, process.execPath, wherry, ...words], env));
}

/** Waits for the state, and does what is planned. @returns the last state seen before; nothing if it did not strike */
async function strike(trial: Trial): Promise<SessionState | undefined> {
  const { plan, sender, traces } = trial;
  const later = faultStates.slice(faultStates.indexOf(plan.state)) as readonly unknown[];
  const reached = await sender.line(({ event, state }) => event === 'progress' && later.includes(state), patienceMs);
  if (reached === undefined || sender.code !== undefined) return undefined;
  if (plan.delayMs > 0) await pause(plan.delayMs);
  traces.processes();
  const last = sender.lines.at(-1);
  if (last?.event !== 'progress') return undefined;
  return strikes[plan.fault](trial) ? (last['state'] as SessionState) : undefined;
}

/** Each says whether there was anything to strike. */
const strikes: Readonly<Record<Fault, (trial: Trial) => boolean>> = {
  'compress worker killed': (trial) => kill(trial, workers(trial.sender, 'compress.cjs')[trial.plan.number % 2]),
  'decompress worker killed': (trial) => kill(trial, workers(trial.receiver, 'decompress.cjs')[0]),
  'receiver killed': (trial) => kill(trial, trial.receiver.pid),
  'sender killed': (trial) => kill(trial, trial.sender.pid),
  'console killed': (trial) => kill(trial, trial.sender.pid),
  'source killed': (trial) => kill(trial, trial.guests.pid.source),
  'destination killed': (trial) => kill(trial, trial.guests.pid.destination),
  'link cut': ({ link }) => did(link.cut()),
  'link gone': ({ link }) => did(link.goAway()),
  'link half-open': ({ link }) => did(link.halfOpen()),
  'link stalled': ({ link }) => stallFor(link, () => link.stall()),
  'one channel cut': ({ link }) => did(link.cutLast()),
  'one channel stalled': ({ link }) => stallFor(link, () => link.stallLast()),
  'disk full': ({ sender, traces }) => fill(sender.pid, String(traces.environment['WHERRY_DATA_DIR'])),
};

/** There may be none yet, or none any more. */
function kill({ killed }: Trial, pid: number | undefined): boolean {
  if (pid === undefined || !isAlive(pid)) return false;
  killed.add(pid);
  process.kill(pid, 'SIGKILL');
  return true;
}

/** The pattern of `compress.cjs` fits `decompress.cjs` as well. */
function workers({ pid }: Program, program: string): readonly number[] {
  return childrenOf(pid, `/${program}`);
}

const did = (_: void): true => true;

function stallFor(link: Link, stall: () => void): true {
  stall();
  setTimeout(() => link.goOn(), stallMs);
  return true;
}

/** Runs what follows with a disk of its own for that folder. */
function smallDisk(folder: string): readonly string[] {
  const script = 'mkdir -p "$0" && mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"';
  return ['unshare', '--map-root-user', '--mount', 'sh', '-c', script, folder];
}

/** Fills that disk, which only the program's own namespace has. */
function fill(pid: number, folder: string): boolean {
  try {
    writeFileSync(`/proc/${pid}/root${folder}/filler`, Buffer.alloc(2 ** 21));
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    return true;
  }
}

async function aftermath(
  trial: Trial,
  hit: SessionState | undefined,
  { wherry, folder }: { readonly wherry: string; readonly folder: string },
): Promise<Facts> {
  const { plan, guests, receiver, sender, traces, killed } = trial;
  // A window stays when its run is over.
  if (plan.fault === 'console killed')
    void sender.line(({ event }) => event === 'result', patienceMs).then(() => kill(trial, sender.pid));
  const byHand = !(await sender.endsWithin(patienceMs));
  if (byHand) {
    sender.child.kill('SIGINT');
    if (!(await sender.endsWithin(patienceMs))) sender.child.kill('SIGKILL');
  }
  const code = await sender.ended;
  const last = sender.lines.at(-1);
  const result = last?.event === 'result' ? (last as unknown as Report) : undefined;
  const seen = await settled(guests);
  const isWhole = plan.paused && seen.source === 'postmigrate' && seen.destination === 'paused';
  const differing = isWhole ? await compare(guests, folder) : undefined;
  traces.processes();
  receiver.child.kill('SIGTERM');
  const obeyed = await receiver.endsWithin(patienceMs);
  // A monitor serves one client: while a receiver waits for its sender to come back, nobody else is let in.
  const destination = seen.destination === 'gone' ? await look(guests.pair.destination) : seen.destination;
  // A destination that nobody has connected to keeps its socket: whoever migrates next finds it there.
  const awaited = destination === 'inmigrate';
  await guests.pair.stop();
  const leaked = awaited ? [] : traces.left(killed);
  // What a killed program leaves is removed by whichever command runs next.
  const next = Program.start([process.execPath, wherry, 'profiles', 'list', '--json'], traces.environment);
  await next.ended;
  const leftovers = [...(obeyed ? [] : ['the receiver, which did not end when told to']), ...leaked, ...traces.left()];
  const { stderr } = sender;
  return { plan, hit, result, code, stderr, byHand, source: seen.source, destination, differing, leftovers };
}

/** The sides once the source has made up its mind: after its peer is gone it takes a moment to run again. */
async function settled({ pair }: Guests): Promise<{ source: Seen; destination: Seen }> {
  const deadline = performance.now() + settleMs;
  for (;;) {
    const seen = { source: await look(pair.source), destination: await look(pair.destination) };
    const isFinal = ['running', 'postmigrate', 'gone'].includes(seen.source);
    if (isFinal || performance.now() > deadline) return seen;
    await pause(50);
  }
}

/** Addresses of the pages that differ. */
async function compare({ pair }: Guests, folder: string): Promise<readonly number[]> {
  const [source, destination] = [await QmpClient.connect(pair.source), await QmpClient.connect(pair.destination)];
  try {
    return await differingPages(source, destination, folder, memoryBytes);
  } finally {
    source.close();
    destination.close();
  }
}
