import { describe, expect, it } from 'vitest';
import { parseWelcome } from '../src/engine/wire/hello';
import { encodeJson } from '../src/engine/wire/json';
import { withSecret } from '../src/engine/wire/secret';
import type { Failure } from '../src/shared/failure';
import { listen, token } from './kit/loopback';
import { loopbackTest } from './kit/loopback-test';
import { hello, stranger, type Stranger } from './kit/stranger';

const { opened, spawn } = loopbackTest();

describe('a further channel', () => {
  /** A sender of so many channels as far as its welcome, and what it was given for the others. */
  async function welcomed(channels: number, options: Parameters<typeof listen>[2] = {}, resumeWindowMs = 0) {
    const listening = await listen(opened, spawn, options);
    const first = stranger(opened, listening.receiver.port);
    first.send('hello', withSecret(token, { ...hello, channels, resumeWindowMs }));
    const { ticket } = parseWelcome(await first.welcomed);
    const { session } = ticket;
    const join = (change: object = {}, secret = ticket.secret): Stranger => {
      const other = stranger(opened, listening.receiver.port);
      other.send('join', withSecret(secret, { session, channel: 1, taken: 0, ...change }));
      return other;
    };
    return { ...listening, first, ticket, join };
  }

  it.each<[string, object, Failure['code'], RegExp, string?]>([
    ['with another secret', {}, 'wire-refused', /did not show the token/, 'ab'.repeat(32)],
    ['with a secret cut short', {}, 'wire-refused', /did not show the token/, 'ab'.repeat(16)],
    ['of another session', { session: '00'.repeat(8) }, 'wire-refused', /named another session/],
    ['more than were announced', { channel: 3 }, 'wire-refused', /channel 4 of a sender that announced 3/],
    ['that would be the first', { channel: 0 }, 'wire-refused', /channel 0 is here already/],
    ['beyond all limits', { channel: 16 }, 'wire-protocol', /a join that is not one/],
    ['that says more than it should', { path: '/' }, 'wire-protocol', /a join that is not one/],
  ])('%s is refused, and the session goes on', async (_, change, code, message, secret) => {
    const { first, join, notices } = await welcomed(3);
    const other = join(change, secret);
    expect(await other.told).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect(notices).toEqual([expect.stringMatching(/^refused a connection from 127\.0\.0\.1: /)]);
    for (const channel of [1, 2]) await join({ channel }).joined;
    expect(first.socket.destroyed).toBe(false);
  });

  it('comes once', async () => {
    const { join } = await welcomed(3);
    const [one, two] = [join({ channel: 2 }), join({ channel: 1 })];
    await Promise.all([one.joined, two.joined]);
    expect(await join({ channel: 2 }).told).toMatchObject({
      code: 'wire-refused',
      message: 'channel 2 is here already',
    });
    expect([one, two].map(({ socket }) => socket.destroyed)).toEqual([false, false]);
  });

  it('is refused where there is no session, and before anybody could know its secret', async () => {
    const { receiver } = await listen(opened, spawn);
    const early = stranger(opened, receiver.port);
    early.send('join', withSecret('cd'.repeat(32), { session: 'ab', channel: 1, taken: 0 }));
    expect(await early.told).toMatchObject({
      code: 'wire-refused',
      message: 'there is no session that a channel could join',
    });
  });

  it.each<[string, (peer: Stranger) => void, Failure['code'], RegExp]>([
    [
      'an epoch',
      ({ send }) => send('epoch', Buffer.alloc(19), 1),
      'wire-protocol',
      /a epoch frame on a further channel/,
    ],
    ['the end', ({ send }) => send('end'), 'wire-protocol', /a end frame on a further channel/],
    ['a part far ahead', ({ send }) => send('part', Buffer.alloc(9, 1), 65), 'wire-protocol', /epoch 65, expected/],
    [
      'a reason to give up',
      ({ send }) => send('failure', encodeJson({ code: 'worker', message: 'none left' })),
      'worker',
      /none/,
    ],
  ])('that brings %s ends the session, and every channel hears why', async (_, speak, code, message) => {
    const { first, join, failed } = await welcomed(2);
    const peer = join();
    await peer.joined;
    speak(peer);
    const why = { code, message: expect.stringMatching(message) as string };
    expect(await Promise.all([failed, first.told, peer.told])).toMatchObject([why, why, why]);
  });

  it('that goes ends the session', async () => {
    const { first, join, failed } = await welcomed(2);
    const peer = join();
    await peer.joined;
    peer.socket.destroy();
    const why = { code: 'wire-closed', message: expect.stringMatching(/^channel 1: /) as string };
    expect(await Promise.all([failed, first.told])).toMatchObject([why, why]);
  });

  it('may take the place of one that is still there, and of the first; nobody else\u2019s may', async () => {
    const { first, join } = await welcomed(2, {}, 60_000);
    const one = join();
    await one.joined;
    const two = join();
    await two.joined;
    expect(await one.told).toBeUndefined();
    expect(await join({}, 'ab'.repeat(32)).told).toMatchObject({ code: 'wire-refused' });
    const other = join({ channel: 0 });
    await other.joined;
    expect(await first.told).toBeUndefined();
    expect([two, other].map(({ socket }) => socket.destroyed)).toEqual([false, false]);
  });

  it('with a count that cannot be is refused, and the session goes on', async () => {
    const { first, join } = await welcomed(2, {}, 60_000);
    expect(await join({ channel: 0, taken: 7 }).told).toMatchObject({ code: 'wire-protocol' });
    await join().joined;
    expect(first.socket.destroyed).toBe(false);
  });

  it('that goes is waited for, and then ends the session', async () => {
    const { first, join, failed, notices } = await welcomed(2, { graceMs: 100 }, 200);
    const peer = join();
    await peer.joined;
    peer.socket.destroy();
    const message = expect.stringMatching(/^channel 1: .*, and the sender has not come back within 300 ms$/) as string;
    expect(await Promise.all([failed, first.told])).toMatchObject([
      { code: 'wire-closed', message },
      { code: 'wire-closed', message },
    ]);
    expect(notices).toEqual([expect.stringMatching(/: waiting for the sender to come back$/)]);
  });

  it('that leaves ends the session at once, but only with the secret', async () => {
    const { receiver, ticket, failed } = await welcomed(1, {}, 60_000);
    const { session } = ticket;
    const other = stranger(opened, receiver.port);
    other.send('leave', withSecret('ab'.repeat(32), { session }));
    expect(await other.told).toMatchObject({ code: 'wire-refused' });
    stranger(opened, receiver.port).send('leave', withSecret(ticket.secret, { session }));
    expect(await failed).toMatchObject({ code: 'wire-closed', message: 'the sender has left' });
  });

  it('that does not come ends the session in time', async () => {
    const { first, join, failed } = await welcomed(3, { joinMs: 3000 });
    await join({ channel: 2 }).joined;
    const why = { code: 'wire-closed', message: '2 of 3 channels have come within 3000 ms' };
    expect(await Promise.all([failed, first.told])).toMatchObject([why, why]);
  });
});
