import type { Report } from '../src/shared/snapshot';
import type { SessionState } from '../src/shared/state';
import type { Plan } from './plan';

/** What one side's monitor says of its guest; `gone` when nobody answers. */
export type Seen = string;

/** What is known after a run. */
export interface Facts {
  readonly plan: Plan;
  /** The last state that was seen before the fault; absent when the run ended before it. */
  readonly hit: SessionState | undefined;
  /** The command's result; a sender that was killed has none. */
  readonly result: Pick<Report, 'status' | 'guestRunningOn'> | undefined;
  readonly code: number | null;
  readonly stderr: string;
  /** It did not end by itself in time and was told to, as an operator would. */
  readonly byHand: boolean;
  readonly source: Seen;
  readonly destination: Seen;
  /** Addresses of the pages in which the two differ, of a guest that was left paused. */
  readonly differing: readonly number[] | undefined;
  /** Processes, sockets and files that were left behind. */
  readonly leftovers: readonly string[];
}

/** What is wrong with a run, in words; nothing when every promise was kept. */
export function judge(facts: Facts): readonly string[] {
  const { source, destination, leftovers, differing } = facts;
  return [
    ...(source === 'running' && destination === 'running' ? ['two copies run'] : []),
    ...(facts.result === undefined ? withoutResult(facts) : withResult(facts, facts.result)),
    ...(differing !== undefined && differing.length > 0
      ? [`${differing.length} pages differ: ${some(differing)}`]
      : []),
    ...leftovers.map((left) => `left behind: ${left}`),
  ];
}

/** Enough addresses to know where to look. */
function some(addresses: readonly number[]): string {
  return addresses
    .slice(0, 8)
    .map((address) => `0x${address.toString(16)}`)
    .join(' ');
}

const exitCodes = { completed: 0, failed: 1, uncertain: 3, cancelled: 130 } as const;

function withResult(facts: Facts, { status, guestRunningOn }: NonNullable<Facts['result']>): readonly string[] {
  const { plan, code, source, destination, stderr } = facts;
  const wrong: string[] = [];
  if (plan.fault !== 'console killed' && code !== exitCodes[status]) wrong.push(`${status}, but exit status ${code}`);
  if (status === 'completed') {
    const there = plan.paused ? 'paused' : 'running';
    // Killed once it runs there, it has still arrived.
    const killed = plan.fault === 'destination killed' && destination === 'gone';
    if (destination !== there && !killed) wrong.push(`completed, but the destination is ${destination}`);
    if (source !== 'postmigrate' && !(plan.fault === 'source killed' && source === 'gone')) {
      wrong.push(`completed, but the source is ${source}`);
    }
    if (guestRunningOn !== (plan.paused ? 'none' : 'destination')) wrong.push(`said to run on: ${guestRunningOn}`);
  } else if (status === 'uncertain') {
    if (!mayBeUncertain(facts)) wrong.push(`uncertain after ${plan.fault} in ${facts.hit}`);
  } else {
    if (plan.fault !== 'source killed') {
      if (source !== 'running') wrong.push(`${status}, but the source is ${source}`);
      if (guestRunningOn !== 'source') wrong.push(`said to run on: ${guestRunningOn}`);
    }
    if (destination === 'running') wrong.push(`${status}, but the destination runs`);
  }
  if (facts.hit === undefined && status !== 'completed') wrong.push(`${status}, although nothing had struck`);
  if (mends.has(plan.fault) && status !== 'completed') wrong.push(`${status}, expected completed`);
  if (plan.fault === 'disk full' && facts.hit !== undefined) {
    if (status !== 'completed') wrong.push(`${status}, expected completed`);
    if (!stderr.includes('not in the history')) wrong.push('nobody was told that the history is not kept');
  }
  return wrong;
}

/** Who is killed says nothing; the source decides alone whether the guest went. */
function withoutResult({ plan, hit, source, destination, code }: Facts): readonly string[] {
  if (!silent.has(plan.fault) || hit === undefined) return [`no result, exit status ${code}`];
  if (source === 'running') return [];
  const handedOver = source === 'postmigrate' && (destination === 'running' || destination === 'paused');
  return handedOver && isLate(hit) ? [] : [`the source is ${source}, the destination ${destination}`];
}

/** Faults that a migration has to get over, in whatever state they strike. */
const mends: ReadonlySet<Plan['fault']> = new Set([
  'compress worker killed',
  'link cut',
  'link half-open',
  'link stalled',
  'one channel cut',
  'one channel stalled',
]);

/** Faults after which nobody is there to say how it ended. */
export const silent: ReadonlySet<Plan['fault']> = new Set(['sender killed', 'console killed']);

/** Contact may be lost when the source has let go, or is about to; a source that was killed says nothing more at all. */
function mayBeUncertain({ plan, hit }: Facts): boolean {
  const loses = plan.fault.startsWith('link') || ['receiver killed', 'destination killed'].includes(plan.fault);
  return plan.fault === 'source killed' || (loses && isLate(hit));
}

function isLate(state: SessionState | undefined): boolean {
  return state === 'switchover' || state === 'confirming' || state === 'completed';
}
