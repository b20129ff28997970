import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { WherryError, type Failure } from '../shared/failure';
import { defaultSettings } from '../shared/settings';
import { RemoteFar } from './remote-far';
import { Channel } from './wire/channel';
import { parseRequest, type ControlReply, type ControlRequest } from './wire/control';
import { encodeJson } from './wire/json';

const token = 'ab'.repeat(32);

/** What a receiver of the tests' says to a request; nothing: it says nothing. */
type Answer = (request: ControlRequest, channel: Channel) => ControlReply | undefined;

/** A receiver that knows what time it is, and for the rest is as a test will have it; and a link to it. */
async function distant(answer: Answer) {
  const asked: ControlRequest['ask'][] = [];
  const waiting = new Map<string, () => void>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const channel: Channel = new Channel(socket, 'sender', {
      onFrame: ({ type, epoch, body }) => {
        if (type !== 'request') return;
        const request = parseRequest(body);
        asked.push(request.ask);
        waiting.get(request.ask)?.();
        const reply = request.ask === 'clock' ? { answer: { nowMs: Date.now() } } : answer(request, channel);
        if (reply !== undefined) channel.send('reply', encodeJson(reply), epoch);
      },
      onEnd: () => undefined,
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const notices: string[] = [];
  const to = { host: '127.0.0.1', port: (server.address() as AddressInfo).port, token };
  const far = await RemoteFar.connect(to, { settings: defaultSettings, onNotice: (text) => notices.push(text) });
  onTestFinished(async () => {
    await far.close();
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  /** Resolves once this is asked. */
  const comes = (ask: ControlRequest['ask']): Promise<void> =>
    asked.includes(ask) ? Promise.resolve() : new Promise((resolve) => waiting.set(ask, resolve));
  return { far, comes, notices };
}

const carried = (far: RemoteFar): Promise<unknown> => {
  const unused = (): never => {
    throw new Error('no worker was to be started');
  };
  const quiet = { onNotice: () => undefined, onFailure: () => undefined, onOpened: () => undefined };
  return far
    .carry({ settings: { ...defaultSettings, linkTest: false }, spawn: unused, ...quiet })
    .catch((e: unknown) => e);
};

it('a session that is cancelled while the destination gets ready says that it leaves', async () => {
  const { far, comes } = await distant(() => undefined);
  const over = carried(far);
  await comes('prepare');
  await far.close();
  await comes('leave');
  expect(await over).toMatchObject({ code: 'wire-closed', message: 'the link was closed here' });
});

it('so does one whose link is lost just then', async () => {
  const { far, comes } = await distant((_, channel) => void channel.destroy());
  const over = carried(far);
  await comes('prepare');
  while (far.reconnecting === undefined) await new Promise(setImmediate);
  await far.close();
  await comes('leave');
  expect(await over).toMatchObject({ code: 'wire-closed', message: 'the link was closed here' });
});

it('what a destination says of itself is told as the receiver’s words, at the end, too', async () => {
  const error: Failure = { code: 'destination-failed', message: 'the destination does not run the guest' };
  const { far } = await distant(() => ({ answer: { end: 'uncertain', place: 'unknown', error } }));
  const ending = await far.confirm(false);
  expect(ending).toMatchObject({ end: 'uncertain', place: 'unknown' });
  expect(ending.error).toBeInstanceOf(WherryError);
  expect(ending.error?.message).toBe(`at the receiver, on the destination's host: ${error.message}`);
});
