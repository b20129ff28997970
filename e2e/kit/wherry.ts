import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Report } from '../../src/shared/snapshot';

/** How a run of the command ended. */
export interface WherryRun {
  /** Exit status; null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output's lines as JSON; those that are none are left out. */
  readonly events: readonly WherryEvent[];
  /** The last line, when it is a result. */
  readonly result: Report | undefined;
}

export interface WherryEvent {
  readonly event: string;
  readonly [key: string]: unknown;
}

/**
 * Runs `bin/wherry` (so the last build) to its end; it is killed if the test ends first.
 * @param data its data folder; without one it has one of its own for as long as its test lasts
 */
export async function runWherry(
  args: readonly string[],
  onStart: (child: ChildProcess) => void = () => undefined,
  data = ownFolder(),
): Promise<WherryRun> {
  const env = { ...process.env, WHERRY_DATA_DIR: data };
  const child = spawn(process.execPath, ['bin/wherry', ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  onTestFinished(() => void child.kill('SIGKILL'));
  onStart(child);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const events = stdout.split('\n').flatMap(eventIn);
  const last = events.at(-1);
  const result = last?.event === 'result' ? (last as unknown as Report) : undefined;
  return { code, stdout, stderr, events, result };
}

/** A data folder for as long as the test lasts. */
export function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-data-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function eventIn(line: string): readonly WherryEvent[] {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null && 'event' in parsed ? [parsed as WherryEvent] : [];
  } catch {
    return [];
  }
}
