import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WherryError } from '../../shared/failure';
import type { Ask } from './control';
import { encodeJson } from './json';
import { Requests } from './requests';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const answered = (answer: unknown): Buffer => encodeJson({ answer });

function requests(): { readonly asked: Requests; readonly late: Ask[]; away: boolean } {
  const late: Ask[] = [];
  const state = { away: false };
  const asked = new Requests({ excused: () => state.away, onLate: (ask) => late.push(ask) });
  return Object.assign(state, { asked, late });
}

describe('Requests', () => {
  it('give each answer to its request, whatever the order', async () => {
    const { asked, late } = requests();
    const [first, second] = [asked.number(), asked.number()];
    const answers = [asked.add(first, { ask: 'inspect' }, 100), asked.add(second, { ask: 'clock' }, 100)];
    asked.answer(second, answered(2));
    asked.answer(first, answered(1));
    expect(await Promise.all(answers)).toEqual([1, 2]);
    vi.advanceTimersByTime(1000);
    expect(late).toEqual([]);
  });

  it('reject with what the receiver says against them, as its own', async () => {
    const { asked } = requests();
    const refused = asked.add(asked.number(), { ask: 'prepare' }, 100);
    asked.answer(1, encodeJson({ error: { code: 'not-incoming', message: 'it runs' } }));
    const message = expect.stringMatching(/^at the receiver, .*: it runs$/) as string;
    await expect(refused).rejects.toMatchObject({ code: 'not-incoming', message });
  });

  it('take no reply that nobody waits for, none twice, and none that is no reply', async () => {
    const { asked } = requests();
    const answer = asked.add(asked.number(), { ask: 'inspect' }, 100);
    const protocol = (message: RegExp): object =>
      expect.objectContaining({ code: 'wire-protocol', message: expect.stringMatching(message) as string }) as object;
    expect(() => asked.answer(2, answered(1))).toThrow(protocol(/request 2, which was not made/));
    expect(() => asked.answer(1, Buffer.from('{"answer":'))).toThrow(protocol(/a reply/));
    asked.answer(1, answered('it waits'));
    expect(() => asked.answer(1, answered('again'))).toThrow(protocol(/request 1, which was not made/));
    expect(await answer).toBe('it waits');
  });

  it('are late after their time, which begins anew with a connection and while there is none', () => {
    const state = requests();
    const { asked, late } = state;
    void asked.add(asked.number(), { ask: 'inspect' }, 100);
    vi.advanceTimersByTime(60);
    const made: unknown[] = [];
    asked.repeat((number, request) => made.push([number, request]));
    expect(made).toEqual([[1, { ask: 'inspect' }]]);
    vi.advanceTimersByTime(99);
    state.away = true;
    vi.advanceTimersByTime(250);
    expect(late).toEqual([]);
    state.away = false;
    vi.advanceTimersByTime(100);
    expect(late).toEqual(['inspect']);
  });

  it('end all at once, and none is made again', async () => {
    const { asked, late } = requests();
    const open = [asked.add(asked.number(), { ask: 'inspect' }, 100), asked.add(asked.number(), { ask: 'clock' }, 100)];
    const over = new WherryError('wire-closed', 'the link was closed here');
    asked.end(over);
    expect(await Promise.allSettled(open)).toEqual(open.map(() => ({ status: 'rejected', reason: over })));
    asked.repeat(() => expect.unreachable());
    vi.advanceTimersByTime(1000);
    expect(late).toEqual([]);
  });
});
