import { ReceiveServer } from '../engine/receive-server';
import { openIdentity } from '../engine/store/identity';
import { openLastingToken } from '../engine/store/lasting-token';
import type { TokenOrder } from '../engine/token-book';
import type { VisitEnd } from '../engine/visit';
import { exitCodes } from './exit-codes';
import { warnInsecure } from './insecure';
import type { Surroundings } from './migrate';
import type { ReceiveRequest } from './receive';
import { onStopSignal } from './signals';
import { writeLine } from './streams';

const secret = 'Whoever has this text can send a guest here: keep it secret.';
const nextText = 'The next migration needs this pairing text:';
const freshOne = 'The next migration needs a fresh QEMU on the same monitor socket (-incoming defer -S).';
const freshThere = 'The next migration needs a fresh QEMU that listens at the same address.';

/** What `receive` is given besides. */
export interface ReceiveSurroundings extends Surroundings {
  /** Where its key and its lasting token are kept. */
  readonly folder: string;
}

/**
 * Receives guests until a stop signal, or one with `--once`.
 * @returns the exit status
 */
export async function runReceive(
  request: ReceiveRequest,
  { streams, spawn, folder }: ReceiveSurroundings,
): Promise<number> {
  const { listen, destination: destinations, direct = false, once = false, json = false, insecure = false } = request;
  // The others would be cut off at the end of the first.
  const maxSessions = once ? 1 : request.maxSessions;
  const say = (line: string): void => writeLine(streams.err, line);
  const tell = (event: object): void => {
    if (json) writeLine(streams.out, JSON.stringify(event));
  };
  const give = (event: 'listening' | 'pairing', url: string): void => {
    writeLine(streams.out, json ? JSON.stringify({ event, url }) : url);
  };
  let finish = (_: number): void => undefined;
  const finished = new Promise<number>((resolve) => (finish = resolve));
  const onVisitEnd = (end: VisitEnd): void => {
    tell({ event: 'session', ...end });
    say(outcomeOf(end));
    if (once) finish(end.status === 'delivered' ? exitCodes.completed : exitCodes.failed);
    else say(direct ? freshThere : freshOne);
  };
  const server = await ReceiveServer.listen({
    ...listen,
    destinations,
    ...(maxSessions !== undefined && { maxSessions }),
    ...(request.maxBandwidth !== undefined && { maxBandwidth: request.maxBandwidth }),
    direct,
    ...(request.maxCache !== undefined && { maxCacheBytes: request.maxCache }),
    ...(!insecure && { identity: await openIdentity(folder, say) }),
    tokens: await tokensFor(request, folder, say),
    spawn,
    onNotice: say,
    onVisitEnd,
    onPairing: (url) => {
      if (once && server.visits().length > 0) return; // there is no next one
      say(nextText);
      give('pairing', url);
    },
  });
  const release = onStopSignal(() => finish(exitCodes.cancelled));
  try {
    if (insecure) warnInsecure(streams);
    give('listening', server.pairingText);
    say(secret);
    return await finished;
  } finally {
    release();
    await server.close();
  }
}

async function tokensFor(
  { token, tokenLifetime }: ReceiveRequest,
  folder: string,
  say: (text: string) => void,
): Promise<TokenOrder> {
  if (token === 'lasting') return { kind: 'lasting', token: await openLastingToken(folder, say) };
  return { kind: 'once', ...(tokenLifetime !== undefined && { lifetimeMs: tokenLifetime }) };
}

function outcomeOf({ kind, status, error }: VisitEnd): string {
  if (status === 'failed') return `A guest did not arrive: ${error?.message ?? 'the sender left'}.`;
  if (kind === 'migrate') return 'A guest has arrived; the sender knows whether it runs.';
  return 'A guest was delivered; whoever drives its migration continues it here.';
}
