import { describe, expect, it } from 'vitest';
import type { KnownGuest } from '../../shared/contract';
import { guestState, immovable, isWaiting, matching } from './guests';

const guest: KnownGuest = { id: 'guest-1', name: 'web', origin: 'found', address: '/run/web.qmp' };

describe('guestState', () => {
  it.each([
    ['running', 'running', false],
    ['inmigrate', 'waiting for a guest', false],
    ['io-error', 'paused by an I/O error', true],
    ['some-new-state', 'some-new-state', false],
  ])('says %s', (status, text, bad) => {
    expect(guestState({ ...guest, status })).toEqual({ text, bad });
  });

  it('says that it is being asked, or why it does not answer', () => {
    expect(guestState(guest)).toEqual({ text: 'asking…', bad: false });
    const problem = { code: 'qmp-unreachable', message: 'nobody there' } as const;
    expect(guestState({ ...guest, problem, status: 'running' })).toEqual({ text: 'nobody there', bad: true });
  });
});

it('finds guests by a part of their name or address, in any case', () => {
  const [web, mail] = [
    { ...guest, id: '1', name: 'Web', address: '/run/a.qmp' },
    { ...guest, id: '2', name: 'mail', address: 'tcp:host:4444' },
  ];
  expect(matching([web, mail], ' wEB ')).toEqual([web]);
  expect(matching([web, mail], 'tcp:')).toEqual([mail]);
  expect(matching([web, mail], '')).toEqual([web, mail]);
  expect(matching([web, mail], 'none')).toEqual([]);
});

it('knows what is no guest to be moved', () => {
  expect(immovable({ ...guest, status: 'running' })).toBeUndefined();
  expect(immovable(guest)).toBeUndefined();
  expect(immovable({ ...guest, status: 'inmigrate' })).toContain('destination');
  expect(immovable({ ...guest, status: 'postmigrate' })).toContain('moved away');
  expect(isWaiting({ ...guest, status: 'inmigrate' })).toBe(true);
});
