import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { Channel } from '../../src/engine/wire/channel';
import { dial } from '../../src/engine/wire/dial';
import type { Frame } from '../../src/engine/wire/frame';
import { parseFailure } from '../../src/engine/wire/hello';
import { parsePairing, type Endpoint, type Pairing } from '../../src/shared/pairing';
import type { Failure, WherryError } from '../../src/shared/failure';
import { until } from './until';
import { ownFolder, type WherryEvent } from './wherry';

/** `wherry receive` as a process of its own. */
export interface RunningReceiver {
  readonly url: string;
  readonly pairing: Pairing;
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** The next JSON line of that name. */
  event(name: string): Promise<WherryEvent>;
  readonly ended: Promise<number | null>;
}

/**
 * Starts `bin/wherry receive` on a free loopback port, with a data folder of its own, and waits until it listens; it is
 * killed after the test.
 */
export async function startReceive(destination: string, ...words: readonly string[]): Promise<RunningReceiver> {
  return startReceiveIn(ownFolder(), destination, ...words);
}

/** The same with a data folder that is there already. */
export async function startReceiveIn(
  data: string,
  destination: string,
  ...words: readonly string[]
): Promise<RunningReceiver> {
  const env = { ...process.env, WHERRY_DATA_DIR: data };
  const args = ['receive', '--listen', ':0', '--destination', destination, '--json', ...words];
  const child = spawn(process.execPath, ['bin/wherry', ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  onTestFinished(() => void child.kill('SIGKILL'));
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  let code: number | null | undefined;
  const ended = new Promise<number | null>((resolve) => child.once('close', (status) => resolve((code = status))));
  let seen = 0;
  const event = (name: string): Promise<WherryEvent> =>
    until(() => {
      const lines = out.split('\n').slice(0, -1);
      while (seen < lines.length) {
        const found = JSON.parse(lines[seen++] ?? '') as WherryEvent;
        if (found.event === name) return found;
      }
      if (code !== undefined) throw new Error(`receive ended with ${code}: ${out}${err}`);
      return undefined;
    }, `a ${name} event`);
  const url = String((await event('listening'))['url']);
  return { url, pairing: parsePairing(url), pid: child.pid ?? NaN, stdout: () => out, stderr: () => err, event, ended };
}

/** A peer of a receiver's that says what a test makes it say. */
export interface Peer {
  readonly channel: Channel;
  /** The next frame of the receiver's. */
  next(): Promise<Frame>;
  /** Why the link ended. */
  readonly over: Promise<WherryError>;
  /** The same in the receiver's own words, where it had some. */
  readonly told: Promise<Failure>;
}

/** The receiver's next frame that is more than a sign of life. */
export async function answerOf(peer: Peer): Promise<Frame> {
  for (;;) {
    const frame = await peer.next();
    if (frame.type !== 'received') return frame;
  }
}

export function connectPeer(to: Endpoint): Peer {
  const frames: Frame[] = [];
  let end = (_: WherryError): void => undefined;
  const over = new Promise<WherryError>((resolve) => (end = resolve));
  const socket = dial(to);
  onTestFinished(() => void socket.destroy());
  let said: Failure | undefined;
  const onFrame = (frame: Frame): void => {
    if (frame.type === 'failure') said = parseFailure(frame.body);
    frames.push(frame);
  };
  const channel = new Channel(socket, 'receiver', { onFrame, onEnd: end });
  const told = over.then((error) => said ?? error.toJSON());
  return { channel, next: () => until(() => frames.shift(), 'a frame'), over, told };
}
