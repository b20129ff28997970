import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { requireQemu } from '../src/guest/qemu-binary';
import type { QemuPair } from '../src/guest/qemu-pair';
import { samplePair } from './kit/pairs';
import { childrenOf, isAlive } from './kit/processes';
import { startReceive, type RunningReceiver } from './kit/receive';
import { until } from './kit/until';
import { runWherry } from './kit/wherry';

/** A folder for temporary files of its own, so that what is left can be seen. */
function ownTemporaries(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function start(words: readonly string[], env: NodeJS.ProcessEnv): ChildProcessByStdio<null, Readable, Readable> {
  const child = spawn(process.execPath, ['bin/wherry', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Starts `wherry sample` and waits until it says where its guests are. */
async function startSample(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = start(['sample', '--memory', '64MiB', '--fill', '1MiB', '--json'], env);
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  let ended: string | undefined;
  child.once('close', (code, signal) => (ended = `ended with ${code ?? signal}: ${err}`));
  await until(() => {
    if (ended !== undefined) throw new Error(`sample ${ended}`);
    return out.includes('"destination"');
  }, 'a sample pair');
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

/** A `PATH` on which there is QEMU and nothing else. */
function nothingButQemu(folder: string): string {
  const path = join(folder, 'bin');
  mkdirSync(path);
  symlinkSync(requireQemu().path, join(path, 'qemu-system-x86_64'));
  return path;
}

describe('a command that is killed outright', () => {
  it.each<[string, (folder: string) => NodeJS.ProcessEnv]>([
    ['with setpriv', () => ({})],
    ['without setpriv', (folder) => ({ PATH: nothingButQemu(folder) })],
  ])('takes its QEMUs with it (%s), and the next one removes its files', async (_, more) => {
    const [TMPDIR, elsewhere] = [ownTemporaries(), ownTemporaries()];
    const env = { TMPDIR, ...more(elsewhere) };
    const sample = await startSample(env);
    const qemus = childrenOf(sample.pid ?? NaN, 'qemu-system');
    expect(qemus).toHaveLength(2);
    expect(readdirSync(TMPDIR)).toHaveLength(1);

    await killed(sample);
    for (const pid of qemus) await until(() => !isAlive(pid), `QEMU ${pid} to end`);
    expect(readdirSync(TMPDIR)).toHaveLength(1);
    const next = start(['--version'], { TMPDIR });
    await new Promise((resolve) => next.once('exit', resolve));
    expect(readdirSync(TMPDIR)).toEqual([]);
  });

  it('loses nothing of one that still runs to the next', async () => {
    const TMPDIR = ownTemporaries();
    await startSample({ TMPDIR });
    const [folder = ''] = readdirSync(TMPDIR);
    const next = start(['--version'], { TMPDIR });
    await new Promise((resolve) => next.once('exit', resolve));
    expect(readdirSync(join(TMPDIR, folder))).toContain('source.qmp');
  });
});

describe('a receiver that ends before anybody has sent', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)('by %s leaves its destination to the next migration', async (signal) => {
    const pair = await samplePair({ memoryBytes: 64 * 2 ** 20, rate: 20, fillBytes: 2 ** 20 });
    const receiver = await startReceive(pair.destination);
    process.kill(receiver.pid, signal);
    await receiver.ended;
    const words = ['migrate', '--source', pair.source, '--destination', pair.destination, '--json'];
    const run = await runWherry([...words, '--compress-threads', '2']);
    expect(run, run.stderr).toMatchObject({ code: 0, result: { status: 'completed', guestRunningOn: 'destination' } });
  });
});

describe('a receiver whose sender was killed in mid-migration', () => {
  /** As far as where it waits for the sender, which will not come back. */
  async function waiting(): Promise<{ readonly pair: QemuPair; readonly receiver: RunningReceiver }> {
    const pair = await samplePair({ memoryBytes: 64 * 2 ** 20, rate: 20, fillBytes: 32 * 2 ** 20 });
    const receiver = await startReceive(pair.destination);
    const words = ['migrate', '--source', pair.source, '--destination', receiver.url, '--json'];
    const limits = ['--compress-threads', '2', '--max-bandwidth', '2MB/s', '--resume-window', '10m'];
    await runWherry([...words, ...limits], (child) => {
      let [text, done] = ['', false];
      child.stdout?.on('data', (chunk: string) => {
        text += chunk;
        if (done || !/"wireBytes":[1-9]\d{5}/.test(text)) return;
        done = child.kill('SIGKILL');
      });
    });
    await until(() => receiver.stderr().includes('waiting for the session to come back'), 'the receiver to wait');
    return { pair, receiver };
  }

  it('waits no longer once the half-loaded QEMU is ended', async () => {
    const { pair, receiver } = await waiting();
    process.kill(pair.sides.destination.process.pid, 'SIGKILL');
    expect(await receiver.event('session')).toMatchObject({ status: 'failed', error: { code: 'destination-failed' } });
  });

  it('lets go of the half-loaded QEMU at once when it is told to stop, and that ends by itself', async () => {
    const { pair, receiver } = await waiting();
    process.kill(receiver.pid, 'SIGTERM');
    expect(await receiver.ended).toBe(130);
    await pair.sides.destination.process.exited;
  });
});
