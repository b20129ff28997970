import { expect, it } from 'vitest';
import { endStates, sessionStates } from '../shared/state';
import { stopAnswer } from './stop-answer';

it.each(sessionStates)('answers a stop signal when the migration is %s', (state) => {
  const over = (endStates as readonly string[]).includes(state);
  expect(stopAnswer(state, 1) === undefined).toBe(over);
  expect(stopAnswer(state, 1)?.cancel ?? false).toBe(!over && state !== 'confirming');
});

it('says of the second request that the first is being answered', () => {
  expect(stopAnswer('iterating', 1)?.words).toMatch(/^Cancelling:/);
  expect(stopAnswer('cancelling', 2)).toEqual({
    cancel: true,
    words: expect.stringMatching(/^Still cancelling/) as string,
  });
  expect(stopAnswer('confirming', 2)?.words).toMatch(/^Too late to cancel/);
});
