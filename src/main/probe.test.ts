import { afterEach, describe, expect, it } from 'vitest';
import { FakeMonitor, greetingLine, reply, type Answer } from '../engine/qmp/testing';
import { probeGuest } from './probe';

const monitors: FakeMonitor[] = [];

afterEach(() => {
  for (const monitor of monitors.splice(0)) monitor.close();
});

async function monitor(greeting: string, answer?: Answer): Promise<FakeMonitor> {
  const fake = await FakeMonitor.listen(greeting, answer);
  monitors.push(fake);
  return fake;
}

const answers: Readonly<Record<string, unknown>> = {
  'query-status': { status: 'running', running: true },
  'query-memory-size-summary': { 'base-memory': 2 ** 26 },
  'query-name': { name: 'web' },
  'query-cpus-fast': [{}, {}],
};

describe('probeGuest', () => {
  it('reads what the monitor answers', async () => {
    const { path } = await monitor(`${greetingLine}\n`, ({ execute, id }, socket) =>
      reply(socket, { return: answers[execute] ?? {}, id }),
    );
    expect(await probeGuest(path)).toEqual({ status: 'running', memoryBytes: 2 ** 26, name: 'web', vcpus: 2 });
  });

  it.each(['query-status', 'query-name'])(
    'gives up on a monitor that does not answer %s, and hangs up',
    async (silent) => {
      let hungUp = (): void => undefined;
      const closed = new Promise<void>((resolve) => (hungUp = resolve));
      const { path } = await monitor(`${greetingLine}\n`, ({ execute, id }, socket) => {
        socket.once('close', hungUp);
        if (execute !== silent) reply(socket, { return: answers[execute] ?? {}, id });
      });
      await expect(probeGuest(path, 200)).rejects.toMatchObject({
        message: expect.stringMatching(/no answer.* within (0\.2 s|200 ms)/) as string,
      });
      await closed;
    },
  );

  it('gives up on one that is silent from the start', async () => {
    const { path } = await monitor('');
    await expect(probeGuest(path, 200)).rejects.toThrow(/within (0\.2 s|200 ms)/);
  });
});
