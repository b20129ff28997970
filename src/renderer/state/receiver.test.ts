import { describe, expect, it } from 'vitest';
import type { ReceiverView, VisitView } from '../../shared/receiving';
import { phaseText, receiverState } from './receiver';

const view: ReceiverView = {
  listen: ':4711',
  destination: '/d',
  pairing: 'wherry://127.0.0.1:4711?token=ab',
  visits: [],
  notices: [],
};
const visit: VisitView = { number: 1, kind: 'migrate', startedAt: 0, phase: 'receiving', deliveredBytes: 0 };

describe('receiverState', () => {
  it.each<[ReceiverView | undefined, string]>([
    [undefined, 'Not receiving.'],
    [view, 'Waiting for a sender at 127.0.0.1:4711.'],
    [{ ...view, visits: [visit] }, 'A guest is arriving.'],
    [{ ...view, visits: [visit, { ...visit, number: 2 }] }, '2 guests are arriving.'],
    [{ ...view, visits: [{ ...visit, phase: 'failed' }] }, 'Waiting for a sender at 127.0.0.1:4711.'],
    [
      { ...view, visits: [{ ...visit, phase: 'arrived' }] },
      'A guest has arrived. The next one needs a fresh QEMU at the same monitor (-incoming defer -S).',
    ],
    [{ listen: ':0', destination: '/d', visits: [], notices: [] }, 'Stopped: nobody can send a guest here.'],
  ])('%j: %s', (given, text) => expect(receiverState(given)).toBe(text));
});

it('says why a guest did not arrive', () => {
  const error = { code: 'wire-closed', message: 'the link was lost' } as const;
  expect(phaseText({ ...visit, phase: 'failed', error })).toBe('Failed: the link was lost.');
  expect(phaseText({ ...visit, phase: 'failed' })).toBe('Failed: the sender left.');
});
