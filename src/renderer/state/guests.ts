import type { KnownGuest } from '../../shared/contract';

/** A guest's state in words, and whether it needs somebody to look at it. */
export interface GuestState {
  readonly text: string;
  readonly bad: boolean;
}

/** QEMU's run states as an operator would say them; any other is shown under QEMU's own name. */
const words: Readonly<Partial<Record<string, string>>> = {
  inmigrate: 'waiting for a guest',
  postmigrate: 'moved away',
  'finish-migrate': 'moving away',
  prelaunch: 'not started yet',
  'io-error': 'paused by an I/O error',
  'internal-error': 'stopped by an internal error',
  'guest-panicked': 'panicked',
};

const badStates = ['io-error', 'internal-error', 'guest-panicked'];

/** What is known of a guest's state: why it does not answer, what it said, or that it is being asked. */
export function guestState({ problem, status }: KnownGuest): GuestState {
  if (problem !== undefined) return { text: problem.message, bad: true };
  if (status === undefined) return { text: 'asking…', bad: false };
  return { text: words[status] ?? status, bad: badStates.includes(status) };
}

/** Those with the text in their name or address. */
export function matching(guests: readonly KnownGuest[], text: string): readonly KnownGuest[] {
  const wanted = text.trim().toLowerCase();
  return guests.filter(({ name, address }) => `${name} ${address}`.toLowerCase().includes(wanted));
}

/** Whether it is a destination that waits, and no guest to be moved. */
export function isWaiting({ status }: KnownGuest): boolean {
  return status === 'inmigrate';
}

/** Why a guest cannot be moved as it stands; absent when it may be tried. */
export function immovable({ status }: KnownGuest): string | undefined {
  if (status === 'inmigrate') return 'waits for a guest itself: it is a destination';
  if (status === 'postmigrate') return 'has moved away from here already';
  return undefined;
}
