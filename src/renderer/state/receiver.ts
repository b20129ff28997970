import { underWay, type ReceiverView, type VisitView } from '../../shared/receiving';
import { sentence } from './words';
import type { Tone } from './verdict';

/** What the receiver does, as a sentence. */
export function receiverState(view: ReceiverView | undefined): string {
  if (view === undefined) return 'Not receiving.';
  const arriving = view.visits.filter(underWay).length;
  if (view.pairing === undefined) return 'Stopped: nobody can send a guest here.';
  if (arriving > 0) return arriving === 1 ? 'A guest is arriving.' : `${arriving} guests are arriving.`;
  const [last] = view.visits;
  if (last?.phase === 'arrived') {
    return 'A guest has arrived. The next one needs a fresh QEMU at the same monitor (-incoming defer -S).';
  }
  return `Waiting for a sender at ${/^wherry:\/\/([^/?]+)/.exec(view.pairing)?.[1] ?? view.listen}.`;
}

/** How far one sender has come, in words. */
export function phaseText({ phase, kind, error }: VisitView): string {
  switch (phase) {
    case 'connected':
      return 'connected, nothing sent yet';
    case 'receiving':
      return 'receiving; the guest runs on its source';
    case 'delivered':
      return 'everything is here, waiting to be started';
    case 'arrived':
      return kind === 'migrate' ? 'arrived' : 'delivered; whoever drives it continues it here';
    case 'failed':
      return sentence(`failed: ${error?.message ?? 'the sender left'}`);
  }
}

/** How that is to be taken. */
export function visitTone({ phase }: VisitView): Tone {
  if (phase === 'failed') return 'bad';
  return phase === 'arrived' ? 'good' : 'wait';
}
