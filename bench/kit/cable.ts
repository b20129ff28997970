import { execFileSync } from 'node:child_process';
import { WherryError } from '../../src/shared/failure';
import { Program } from '../../faults/program';
import { type Move, moveByWherry, type MoveLimits, type Pair, type StreamWay } from './moves';

const startTimeoutMs = 60_000;

/** Where QEMU's stream goes over the cable; there is nobody else in a network of its own. */
export const overCable: StreamWay = { listen: 'tcp:127.0.0.1:4444', connect: 'tcp:127.0.0.1:4444' };

/**
 * Makes the loopback of this network a link of so many bytes a second, shaped by the kernel as `e2e/kit/two-hosts`
 * shapes its cables: packets of 1500 bytes, 50 ms of them waiting at most.
 * @throws WherryError `usage` where the network is not one of the bench's own
 */
export function layCable(rate: number): void {
  // A new network's loopback is down; one that is up without a shape of ours is somebody's.
  if (/[<,]UP[,>]/.test(ip('show')) && !ip('show').includes('qdisc tbf')) {
    throw new WherryError('usage', '--cable: expected a network of its own: unshare --net npm run bench -- …');
  }
  ip('set', 'up', 'mtu', '1500');
  const shape = ['tbf', 'rate', `${rate * 8}bit`, 'burst', '64kb', 'latency', '50ms'];
  execFileSync('tc', ['qdisc', 'replace', 'dev', 'lo', 'root', ...shape]);
}

function ip(verb: 'show' | 'set', ...words: readonly string[]): string {
  return execFileSync('ip', ['link', verb, 'dev', 'lo', ...words], { encoding: 'utf8' });
}

/** Moves the guest with a `wherry receive` at the destination and a `wherry migrate` at the source, over TLS. */
export async function moveToReceiver(
  pair: Pair,
  program: string,
  words: readonly string[],
  limits: MoveLimits,
): Promise<Move> {
  const { qmp } = pair.destination;
  const command = [process.execPath, program, 'receive', '--listen', '127.0.0.1:0', '--destination', qmp, '--json'];
  const receiver = Program.start(command, { ...process.env, WHERRY_DATA_DIR: `${pair.directory}/receiver` });
  try {
    const line = await receiver.line(({ event }) => event === 'listening', startTimeoutMs);
    if (typeof line?.['url'] !== 'string') throw new Error(`receive: expected an address, got ${receiver.stderr}`);
    return await moveByWherry(
      { ...pair, destination: { ...pair.destination, qmp: line['url'] } },
      program,
      words,
      limits,
    );
  } finally {
    receiver.child.kill('SIGKILL');
    await receiver.ended;
  }
}
