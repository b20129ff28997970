import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { WherryError } from '../../shared/failure';
import type { Channel } from './channel';
import type { FrameType } from './frame';
import { ReceiverLink } from './receiver-link';

/** A link with one connection to a sender that reads nothing: so many bytes wait to be read by it. */
function unread(waiting: { bytes: number }) {
  const socket = Object.assign(new EventEmitter(), { cork: () => undefined, uncork: () => undefined });
  Object.defineProperty(socket, 'writableLength', { get: () => waiting.bytes });
  const said: FrameType[] = [];
  const channel = {
    socket,
    ended: false,
    bytesReceived: 0,
    send: (type: FrameType) => said.push(type),
    write: () => false,
    destroy: () => undefined,
  } as unknown as Channel;
  const failures: WherryError[] = [];
  const full: boolean[] = [];
  const link = new ReceiverLink(channel, {
    channels: 1,
    windowMs: 1000,
    onTaken: () => undefined,
    onFull: (now) => full.push(now),
    onMissing: (error) => failures.push(error),
    onNotice: () => undefined,
  });
  return { link, said, full, failures, came: () => socket.emit('data', Buffer.alloc(1)) };
}

describe('a link to a sender that does not read', () => {
  it('does not pile up what it would say, and says it once it is read again', () => {
    const waiting = { bytes: 0 };
    const { said, came } = unread(waiting);
    came();
    expect(said).toEqual(['received']);
    waiting.bytes = 64 * 1024 + 1;
    for (let times = 0; times < 1000; times++) came();
    expect(said).toEqual(['received']);
    waiting.bytes = 0;
    came();
    expect(said).toEqual(['received', 'received']);
  });

  it('holds the destination back, and is given up at four mebibytes', () => {
    const { link, full, failures } = unread({ bytes: 0 });
    const frames = (4 * 2 ** 20) / (64 * 1024 + 20);
    for (let times = 0; times < Math.floor(frames); times++) link.send('returnPath', Buffer.alloc(64 * 1024));
    expect({ full, failures }).toEqual({ full: [true], failures: [] });
    link.send('returnPath', Buffer.alloc(64 * 1024));
    expect(failures).toMatchObject([
      { code: 'wire-protocol', message: expect.stringMatching(/^the sender has not taken \d+ bytes/) as string },
    ]);
  });
});
