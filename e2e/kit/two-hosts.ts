import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { Program } from '../../faults/program';
import { printed } from './printed';

export type HostName = 'alpha' | 'beta';

/** Two hosts as network namespaces, joined by one cable of a certain speed; files and processes are this machine's. */
export interface TwoHosts {
  /** Address of each on the cable. */
  readonly address: Readonly<Record<HostName, string>>;
  /** Starts `bin/wherry` on one of them; it is killed after the test. */
  wherry(host: HostName, words: readonly string[], env?: NodeJS.ProcessEnv): Program;
  /** Makes the way from alpha to this port of beta's so much longer, ms either way. */
  delay(port: number, ms: number): Promise<DelayLine>;
  /** Bytes that this host has put on the cable, Ethernet's own included. */
  sentBytes(host: HostName): number;
  /** Pulls the cable out of alpha, or puts it back. */
  plug(state: 'up' | 'down'): void;
}

/** A way that takes a while, as if the cable were long. */
export interface DelayLine {
  /** Where it begins, on alpha. */
  readonly endpoint: { readonly host: string; readonly port: number };
  /** What has gone all the way, and the shortest time that took; of connections that have ended. */
  carried(): readonly { readonly bytes: number; readonly leastMs: number }[];
}

const address = { alpha: '10.77.0.1', beta: '10.77.0.2' } as const;
const cable = 'cable0';

/**
 * Sets both up for as long as the test lasts. Needs root, as every change to the network does.
 * @param rate of the cable either way, as `tc` writes it
 */
export async function twoHosts(rate: string): Promise<TwoHosts> {
  const keepers = { alpha: await host(), beta: await host() };
  const on = (name: HostName, ...words: readonly string[]): string =>
    execFileSync('nsenter', [`--target=${keepers[name]}`, '--net', '--', ...words], { encoding: 'utf8' });
  on('alpha', 'ip', 'link', 'add', cable, 'type', 'veth', 'peer', 'name', cable, 'netns', String(keepers.beta));
  for (const name of ['alpha', 'beta'] as const) {
    on(name, 'ip', 'address', 'add', `${address[name]}/24`, 'dev', cable);
    on(name, 'ip', 'link', 'set', 'lo', 'up');
    on(name, 'ip', 'link', 'set', cable, 'up');
    on(name, 'tc', 'qdisc', 'add', 'dev', cable, 'root', 'tbf', 'rate', rate, 'burst', '64kb', 'latency', '50ms');
  }
  const node = (name: HostName, words: readonly string[], env: NodeJS.ProcessEnv = {}): Program => {
    const enter = ['nsenter', `--target=${keepers[name]}`, '--net', '--', process.execPath];
    const program = Program.start([...enter, ...words], { ...process.env, ...env });
    onTestFinished(() => void program.child.kill('SIGKILL'));
    return program;
  };
  return {
    address,
    wherry: (name, words, env) => node(name, ['bin/wherry', ...words], env),
    delay: async (port, ms) => {
      const line = node('alpha', ['e2e/kit/delay-line.mjs', address.beta, String(port), String(ms)]);
      const listening = await line.line(({ event }) => event === 'listening', 60_000);
      return {
        endpoint: { host: '127.0.0.1', port: Number(listening?.['port']) },
        carried: () =>
          line.lines
            .filter(({ event }) => event === 'ended')
            .map(({ bytes, leastMs }) => ({ bytes: Number(bytes), leastMs: Number(leastMs) })),
      };
    },
    sentBytes: (name) =>
      Number(/"tx":\{"bytes":(\d+)/.exec(on(name, 'ip', '-j', '-s', 'link', 'show', cable).replace(/\s/g, ''))?.[1]),
    plug: (state) => void on('alpha', 'ip', 'link', 'set', cable, state),
  };
}

/** A process with a network namespace of its own, which goes with it. */
async function host(): Promise<number> {
  const keeper: ChildProcess = spawn('unshare', ['--net', 'sh', '-c', 'echo ready; read -r _'], { stdio: 'pipe' });
  onTestFinished(() => void keeper.kill('SIGKILL'));
  await printed(keeper, 'stdout', /ready/);
  return keeper.pid ?? 0;
}
