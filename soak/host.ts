import { readFileSync, readdirSync } from 'node:fs';
import { startMigration } from '../src/engine/migration';
import { ReceiveServer } from '../src/engine/receive-server';
import { makeIdentity } from '../src/engine/store/identity';
import { spawnChild } from '../src/cli/spawn-child';
import { toFailure } from '../src/shared/failure';
import type { MigrationSettings } from '../src/shared/settings';
import type { Figure } from './flat';

/** What a host is asked to do; one thing after another. */
export type HostRequest =
  | { readonly do: 'receive'; readonly destination: string }
  | { readonly do: 'stop receiving' }
  | { readonly do: 'send'; readonly source: string; readonly to: string; readonly settings: MigrationSettings }
  | { readonly do: 'measure' };

export type HostReply = { readonly done: unknown } | { readonly failed: string };

/** One of the two machines, as a process: it sends guests and receives them. */
export function runHost(): void {
  let server: ReceiveServer | undefined;
  let identity: Awaited<ReturnType<typeof makeIdentity>> | undefined;
  const act = async (request: HostRequest): Promise<unknown> => {
    if (request.do === 'measure') return measured();
    if (request.do === 'stop receiving') return server?.close();
    if (request.do === 'receive') {
      const quiet = { onNotice: () => undefined, onVisitEnd: () => undefined };
      const where = { host: '127.0.0.1', port: 0, destinations: [{ address: request.destination }] };
      identity ??= await makeIdentity();
      server = await ReceiveServer.listen({
        ...where,
        identity,
        tokens: { kind: 'once' },
        spawn: spawnChild,
        ...quiet,
      });
      return server.pairingText;
    }
    const { source, to: destination, settings } = request;
    const { status, error } = await startMigration({ source, destination, settings, spawn: spawnChild }).finished;
    if (status !== 'completed') throw new Error(`the migration ended as ${status}: ${error?.message ?? 'no reason'}`);
    return undefined;
  };
  process.on('message', (request: HostRequest) => {
    act(request).then(
      (done) => process.send?.({ done }),
      (error: unknown) => process.send?.({ failed: toFailure(error).message }),
    );
  });
  // A host without its driver is none.
  process.on('disconnect', () => process.exit());
}

/** What this process holds after a collection; bytes and numbers. */
function measured(): Record<Figure, number> {
  globalThis.gc?.();
  const pss = /^Pss: +(\d+) kB$/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))?.[1];
  return {
    rss: process.memoryUsage.rss(),
    pss: Number(pss) * 1024,
    fds: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
    children: readdirSync('/proc/self/task').flatMap(childrenOf).length,
  };
}

function childrenOf(task: string): readonly string[] {
  return readFileSync(`/proc/self/task/${task}/children`, 'utf8')
    .split(' ')
    .filter((pid) => pid !== '');
}
