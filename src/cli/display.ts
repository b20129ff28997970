import type { Report, Snapshot } from '../shared/snapshot';
import { isEnd } from '../shared/state';
import { hindsight } from '../shared/verdict';
import { progressEvent, resultEvent } from './json-lines';
import { newNotice, pace } from './pace';
import { noPaint, paintFor } from './paint';
import { Redraw } from './redraw';
import { renderLine, renderLive } from './render-live';
import { renderOutcome, renderReport } from './render-report';
import { sizeOf, writeLine } from './streams';
import type { Streams, TextStream } from './streams';

/** How a run is shown while it lasts and when it ends. */
export interface Display {
  snapshot(snapshot: Snapshot): void;
  /** A line for the person watching. */
  say(line: string): void;
  finish(report: Report, last: Snapshot): void;
}

const jsonIntervalMs = 500;
const liveIntervalMs = 250;
const logIntervalMs = 5000;

/** The display that suits what was asked for and what the streams are. */
export function displayFor(json: boolean, streams: Streams): Display {
  if (json) return jsonDisplay(streams);
  const terminal = [streams.err, streams.out].find((stream) => stream.isTTY && process.env['TERM'] !== 'dumb');
  return terminal === undefined ? logDisplay(streams) : liveDisplay(streams, terminal);
}

function jsonDisplay({ out, err }: Streams): Display {
  const due = pace(jsonIntervalMs);
  const notice = newNotice();
  const say = (line: string): void => writeLine(err, line);
  return {
    snapshot(snapshot) {
      const text = notice(snapshot);
      if (text !== undefined) say(text);
      if (due(snapshot)) writeLine(out, JSON.stringify(progressEvent(snapshot)));
    },
    say,
    finish(report) {
      writeLine(out, JSON.stringify(resultEvent(report)));
      for (const line of [renderOutcome(report), ...hindsight(report.verdict)]) say(line);
    },
  };
}

function logDisplay(streams: Streams): Display {
  const due = pace(logIntervalMs);
  const notice = newNotice();
  const say = (line: string): void => writeLine(streams.err, line);
  return {
    snapshot(snapshot) {
      const text = notice(snapshot);
      if (text !== undefined) say(text);
      if (snapshot.state !== 'preparing' && !isEnd(snapshot.state) && due(snapshot)) say(renderLine(snapshot));
    },
    say,
    finish: (report, last) => writeEnd(streams, report, last),
  };
}

function liveDisplay(streams: Streams, terminal: TextStream): Display {
  const redraw = new Redraw(terminal);
  const due = pace(liveIntervalMs);
  const paint = paintFor(terminal);
  return {
    snapshot(snapshot) {
      if (!due(snapshot)) return;
      // One column and one row stay free: the cursor is in them.
      const { columns, rows } = sizeOf(terminal);
      redraw.draw(renderLive(snapshot, { width: columns - 1, height: rows - 1 }, paint));
    },
    say: (line) => redraw.above(line),
    finish(report, last) {
      redraw.clear();
      writeEnd(streams, report, last);
    },
  };
}

/** The table is the result; a run that moved nothing has only its sentence. */
function writeEnd({ out, err }: Streams, report: Report, last: Snapshot): void {
  if (report.rawBytes > 0) for (const line of renderReport(report, last)) writeLine(out, line);
  const paint = out.isTTY ? paintFor(out) : noPaint;
  const outcome = renderOutcome(report);
  if (report.status === 'completed') writeLine(out, paint.good(outcome));
  else writeLine(err, (err.isTTY ? paintFor(err) : noPaint).bad(outcome));
  for (const line of hindsight(report.verdict)) writeLine(err, line);
}
