import { roundTripText, throughputText } from '../../shared/link';
import { liveSettingNames, settingLabels } from '../../shared/settings';
import type { FlowControl, Snapshot } from '../../shared/snapshot';
import { liveText } from './live-draft';

/** Entries kept; the oldest go first. */
export const mostEntries = 200;

/** A line of a run's log. */
export interface LogEntry {
  /** Counts from 1 over the whole run. */
  readonly number: number;
  readonly elapsedMs: number;
  readonly text: string;
  /** To be spoken, too: nothing else on the page says it to those who do not see it. */
  readonly important: boolean;
}

/** Something worth a line. */
export type LogEvent = Pick<LogEntry, 'text' | 'important'>;

/** The log with these events at its end, as long as it may be. */
export function logged(log: readonly LogEntry[], elapsedMs: number, events: readonly LogEvent[]): readonly LogEntry[] {
  if (events.length === 0) return log;
  const last = log.at(-1)?.number ?? 0;
  return [...log, ...events.map((event, i) => ({ ...event, elapsedMs, number: last + 1 + i }))].slice(-mostEntries);
}

/** What happened between two snapshots, or before the first. States are spoken where they are shown. */
export function eventsBetween(before: Snapshot | undefined, now: Snapshot): readonly LogEvent[] {
  const events: LogEvent[] = [];
  if (before?.state !== now.state) events.push({ text: now.state, important: false });
  if (before !== undefined) events.push(...changes(before, now));
  if (now.link !== undefined && before?.link === undefined) {
    const text = `the link gives ${throughputText(now.link)}, round trip ${roundTripText(now.link)}`;
    events.push({ text, important: false });
  }
  const judged = now.verdict?.kind;
  if (judged !== undefined && judged !== 'too early' && judged !== before?.verdict?.kind) {
    events.push({ text: judged, important: true });
  }
  if (now.notice !== undefined && now.notice !== before?.notice) events.push({ text: now.notice, important: true });
  return events;
}

/** What the operator did; it is his own doing, so nobody has to tell him. */
function changes(before: Snapshot, now: Snapshot): readonly LogEvent[] {
  const changed = liveSettingNames.filter((name) => before.settings[name] !== now.settings[name]);
  const texts = changed.map(
    (name) => `${settingLabels[name]}: ${liveText(name, before.settings)} → ${liveText(name, now.settings)}`,
  );
  if (before.flow !== now.flow) texts.push(flowText(now.flow));
  return texts.map((text) => ({ text, important: false }));
}

function flowText(flow: FlowControl | undefined): string {
  if (flow === undefined) return 'sending again';
  return { paused: 'sending is paused', forced: 'the switchover is forced' }[flow];
}

/** Time since the start, always as wide: `0:04.8`, `12:30.0`. */
export function clockText(elapsedMs: number): string {
  const tenths = Math.floor(elapsedMs / 100);
  const seconds = ((tenths % 600) / 10).toFixed(1).padStart(4, '0');
  return `${Math.floor(tenths / 600)}:${seconds}`;
}
