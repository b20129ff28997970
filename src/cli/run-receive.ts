import { ReceiveServer, type VisitEnd } from '../engine/receive-server';
import { exitCodes } from './exit-codes';
import type { Surroundings } from './migrate';
import type { ReceiveRequest } from './receive';
import { onStopSignal } from './signals';
import { writeLine } from './streams';

const notEncrypted =
  'The link is not encrypted, and whoever has this text can send a guest here: keep it secret, and use a network ' +
  'you trust or a tunnel (ssh -L).';
const freshOne = 'The next migration needs a fresh QEMU on the same monitor socket (-incoming defer -S).';
const freshThere = 'The next migration needs a fresh QEMU that listens at the same address.';

/**
 * Receives guests until a stop signal, or one with `--once`.
 * @returns the exit status
 */
export async function runReceive(request: ReceiveRequest, { streams, spawn }: Surroundings): Promise<number> {
  const { listen, destination, direct = false, once = false, json = false } = request;
  const say = (line: string): void => writeLine(streams.err, line);
  const tell = (event: object): void => {
    if (json) writeLine(streams.out, JSON.stringify(event));
  };
  let finish = (_: number): void => undefined;
  const finished = new Promise<number>((resolve) => (finish = resolve));
  const onVisitEnd = (end: VisitEnd): void => {
    tell({ event: 'session', ...end });
    say(outcomeOf(end));
    if (once) finish(end.status === 'delivered' ? exitCodes.completed : exitCodes.failed);
    else say(direct ? freshThere : freshOne);
  };
  const server = await ReceiveServer.listen({ ...listen, destination, direct, spawn, onNotice: say, onVisitEnd });
  const release = onStopSignal(() => finish(exitCodes.cancelled));
  try {
    const url = server.pairingText;
    tell({ event: 'listening', url });
    if (!json) writeLine(streams.out, url);
    say(notEncrypted);
    return await finished;
  } finally {
    release();
    await server.close();
  }
}

function outcomeOf({ kind, status, error }: VisitEnd): string {
  if (status === 'failed') return `A guest did not arrive: ${error?.message ?? 'the sender left'}.`;
  if (kind === 'migrate') return 'A guest has arrived; the sender knows whether it runs.';
  return 'A guest was delivered; whoever drives its migration continues it here.';
}
