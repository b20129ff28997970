import { formatQmpAddress } from '../shared/qmp-address';
import { Relay } from '../engine/relay';
import { RunRecorder } from '../engine/store/run-recorder';
import { formatPairing } from '../shared/pairing';
import { displayFor } from './display';
import { exitCodeOf } from './exit-codes';
import { warnInsecure } from './insecure';
import { keep, type Surroundings } from './migrate';
import type { SendRequest } from './send';
import { onStopSignal } from './signals';
import { writeLine } from './streams';
import { isEnd } from '../shared/state';

/**
 * Carries one migration's stream; a stop signal cuts it off.
 * @returns the exit status
 */
export async function runSend(request: SendRequest, { streams, spawn, history }: Surroundings): Promise<number> {
  const { listen, to, settings, insecure, json } = request;
  if (insecure) warnInsecure(streams);
  const display = displayFor(json, streams);
  const source = formatQmpAddress(listen);
  const recorder = new RunRecorder({ guest: source, source, destination: formatPairing(to), settings });
  const relay = new Relay({
    listen,
    to,
    settings,
    spawn,
    onSnapshot: (snapshot) => {
      recorder.snapshot(snapshot);
      display.snapshot(snapshot);
    },
    onListening: () => {
      const address = formatQmpAddress(listen);
      if (json) writeLine(streams.out, JSON.stringify({ event: 'listening', address }));
      display.say(`Waiting for the source: let it migrate to ${address}, with the return-path capability on.`);
    },
  });
  const release = onStopSignal((times) => {
    if (isEnd(relay.snapshot().state)) return;
    relay.cancel();
    if (times === 1) display.say('Cancelling: the stream is cut off; the source says what becomes of its migration.');
  });
  try {
    const report = await relay.finished;
    display.finish(report, relay.snapshot());
    await keep(history, recorder.record(report), streams);
    return exitCodeOf(report);
  } finally {
    release();
  }
}
