import { afterEach, expect, it, vi } from 'vitest';
import type { Failure } from '../shared/failure';
import { ControlVisitor } from './control-visitor';
import { Channel } from './wire/channel';
import { socketPair } from './wire/testing';

afterEach(() => void vi.useRealTimers());

it('a session that says nothing any more is given up, in words', async () => {
  const pair = await socketPair();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const ends: (Failure | undefined)[] = [];
  const channel = new Channel(pair.near, 'sender', { onFrame: () => undefined, onEnd: () => undefined });
  new ControlVisitor(channel, {
    streamToken: 'ab'.repeat(32),
    resumeWindowMs: 0,
    destination: () => Promise.reject(new Error('nobody was to ask for it')),
    onNotice: () => undefined,
    onEnd: (failure) => ends.push(failure),
  });
  vi.advanceTimersByTime(29_999);
  expect(ends).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(ends).toMatchObject([{ code: 'wire-closed', message: 'the session has said nothing for 30.0 s' }]);
  pair.close();
});
