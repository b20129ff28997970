import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { QmpClient } from './client';
import { maxLineBytes } from './lines';
import { type Answer, FakeMonitor, greetingLine, reply } from './testing';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

async function monitor(first: string | Buffer, answer?: Answer): Promise<FakeMonitor> {
  const fake = await FakeMonitor.listen(first, answer);
  cleanups.push(() => fake.close());
  return fake;
}

async function session(answer?: Answer): Promise<{ readonly fake: FakeMonitor; readonly client: QmpClient }> {
  const fake = await monitor(`${greetingLine}\r\n`, answer);
  const client = await QmpClient.connect(fake.path);
  cleanups.push(() => client.close());
  return { fake, client };
}

const stopEvent = { event: 'STOP', timestamp: { seconds: 1700000000, microseconds: 250500 } };

describe('connecting', () => {
  it('reads the greeting and negotiates before anything else', async () => {
    const { fake, client } = await session();
    expect(client.greeting.version.qemu).toEqual({ major: 7, minor: 2, micro: 22 });
    expect(fake.asked.map(({ execute }) => execute)).toEqual(['qmp_capabilities']);
    expect(client.ends).toBeUndefined();
  });

  it('knows both ends on TCP', async () => {
    const server = createServer((socket) => {
      socket.write(`${greetingLine}\n`);
      socket.on('data', () => reply(socket, { return: {}, id: 1 }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => server.close());
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const client = await QmpClient.connect(`tcp:127.0.0.1:${port}`);
    expect(client.ends).toMatchObject({ near: { address: '127.0.0.1' }, far: { address: '127.0.0.1', port } });
    client.close();
  });

  it('says that nobody is there', async () => {
    const fake = await monitor('');
    const missing = `${fake.path}.missing`;
    await expect(QmpClient.connect(missing)).rejects.toMatchObject({
      code: 'qmp-unreachable',
      message: expect.stringContaining(`unix:${missing}`) as unknown,
    });
  });

  it.each([
    ['a line that is not JSON', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['JSON that is not a greeting', '{"QMP":{"version":7}}\n'],
    ['a line without end', Buffer.alloc(maxLineBytes + 1, 0x7b)],
    ['silence', ''],
  ])('says that %s is not QMP, and sends it nothing', async (_label, first) => {
    const fake = await monitor(first);
    const connecting = QmpClient.connect(fake.path, { timeoutMs: 300 });
    await expect(connecting).rejects.toMatchObject({ code: 'qmp-protocol' });
    expect(await fake.heard).toBe('');
  });

  it('says so when the other side hangs up instead of greeting', async () => {
    const fake = await monitor('');
    const connecting = QmpClient.connect(fake.path);
    const timer = setInterval(() => fake.hangUp(), 10);
    cleanups.push(() => clearInterval(timer));
    await expect(connecting).rejects.toMatchObject({ code: 'qmp-protocol' });
  });
});

describe('commands', () => {
  it('carry arguments and return what QEMU returned', async () => {
    const { fake, client } = await session(({ id }, socket) => reply(socket, { return: { status: 'running' }, id }));
    expect(await client.execute('migrate', { uri: 'tcp:h:1' })).toEqual({ status: 'running' });
    expect(fake.asked[1]).toMatchObject({ execute: 'migrate', arguments: { uri: 'tcp:h:1' } });
  });

  it('fail with the class and text of QEMU', async () => {
    const error = { class: 'GenericError', desc: 'There is a migration in progress' };
    const { client } = await session(({ id }, socket) => reply(socket, { error, id }));
    await expect(client.execute('migrate')).rejects.toMatchObject({
      code: 'qmp-command',
      message: expect.stringMatching(/migrate: There is a migration in progress \(GenericError\)/) as unknown,
      cause: error,
    });
  });

  it('find their answers in any order, with events and foreign answers in between', async () => {
    const waiting: number[] = [];
    const { client } = await session(({ id }, socket) => {
      if (waiting.push(id) < 2) return;
      for (const answered of waiting.reverse()) {
        reply(socket, stopEvent);
        reply(socket, { return: 'stranger', id: 'unknown' });
        reply(socket, { error: { class: 'GenericError', desc: 'no id' } });
        reply(socket, { return: answered, id: answered });
      }
    });
    const [first, second] = await Promise.all([client.execute<number>('a'), client.execute<number>('b')]);
    expect(second).toBe(first + 1);
  });

  it('time out, and their late answers are nobody’s', async () => {
    const held: number[] = [];
    const { client } = await session(({ id, execute }, socket) => {
      held.push(id);
      if (execute === 'next') for (const each of held) reply(socket, { return: each, id: each });
    });
    await expect(client.execute('never', undefined, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'qmp-timeout' });
    expect(await client.execute('next')).toBe(held[1]);
  });

  it('fail when the socket dies, and from then on', async () => {
    const { fake, client } = await session(() => fake.hangUp());
    await expect(client.execute('migrate')).rejects.toMatchObject({ code: 'qmp-closed' });
    await expect(client.execute('migrate')).rejects.toMatchObject({ code: 'qmp-closed' });
  });

  it.each(['not json\n', '{"neither":1}\n', '{"error":"text","id":2}\n', '{"event":"STOP","timestamp":1}\n'])(
    'fail when %j comes instead of an answer',
    async (line) => {
      const { client } = await session((_asked, socket) => void socket.write(line));
      await expect(client.execute('query-status')).rejects.toMatchObject({ code: 'qmp-protocol' });
    },
  );

  it('fail when a line has no end', async () => {
    const { client } = await session((_asked, socket) => void socket.write(Buffer.alloc(maxLineBytes + 2, 0x20)));
    await expect(client.execute('query-status')).rejects.toMatchObject({ code: 'qmp-protocol' });
  });
});

describe('events', () => {
  it('come with data and time, one by one, until the listener is taken off', async () => {
    const { client } = await session(({ id }, socket) => {
      reply(socket, stopEvent);
      reply(socket, { ...stopEvent, event: 'MIGRATION', data: { status: 'active' } });
      reply(socket, { return: {}, id });
    });
    const events: unknown[] = [];
    const off = client.on((event) => events.push(event));
    await client.execute('go');
    off();
    await client.execute('go');
    expect(events).toEqual([
      { name: 'STOP', data: {}, timestampMs: 1700000000250.5 },
      { name: 'MIGRATION', data: { status: 'active' }, timestampMs: 1700000000250.5 },
    ]);
  });

  it('can be waited for by name and content', async () => {
    const { client } = await session((_asked, socket) => {
      for (const pass of [1, 2, 3]) reply(socket, { ...stopEvent, event: 'MIGRATION_PASS', data: { pass } });
    });
    const second = client.waitFor('MIGRATION_PASS', ({ data }) => data['pass'] === 2);
    client.execute('go').catch(() => undefined);
    expect((await second).data).toEqual({ pass: 2 });
  });

  it('that do not come time out, and end with the session', async () => {
    const { client } = await session();
    await expect(client.waitFor('RESUME', undefined, 20)).rejects.toMatchObject({ code: 'qmp-timeout' });
    const waiting = client.waitFor('RESUME');
    client.close();
    await expect(waiting).rejects.toMatchObject({ code: 'qmp-closed' });
    await expect(client.waitFor('RESUME', undefined, 20)).rejects.toMatchObject({ code: 'qmp-closed' });
  });
});

describe('closing', () => {
  it('is told once to everyone who asked, and at once to those who ask later', async () => {
    const { client } = await session();
    const codes: string[] = [];
    client.onClose(({ code }) => codes.push(code));
    client.onClose(() => codes.push('taken off'))();
    client.close();
    client.close();
    client.onClose(({ code }) => codes.push(code));
    expect(codes).toEqual(['qmp-closed', 'qmp-closed']);
  });
});
