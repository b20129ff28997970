import { formatQmpAddress } from '../engine/qmp/address';
import { Relay } from '../engine/relay';
import { displayFor } from './display';
import { exitCodeOf } from './exit-codes';
import type { Surroundings } from './migrate';
import type { SendRequest } from './send';
import { onStopSignal } from './signals';
import { writeLine } from './streams';

/**
 * Carries one migration's stream; a stop signal cuts it off.
 * @returns the exit status
 */
export async function runSend(request: SendRequest, { streams, spawn }: Surroundings): Promise<number> {
  const { listen, to, settings, json } = request;
  const display = displayFor(json, streams);
  const relay = new Relay({
    listen,
    to,
    settings,
    spawn,
    onSnapshot: (snapshot) => display.snapshot(snapshot),
    onListening: () => {
      const address = formatQmpAddress(listen);
      if (json) writeLine(streams.out, JSON.stringify({ event: 'listening', address }));
      display.say(`Waiting for the source: let it migrate to ${address}, with the return-path capability on.`);
    },
  });
  const release = onStopSignal(() => relay.cancel());
  try {
    const report = await relay.finished;
    display.finish(report, relay.snapshot());
    return exitCodeOf(report);
  } finally {
    release();
  }
}
