import { ipcMain } from 'electron';
import { callNames, channelOf } from '../shared/contract';
import type { CallName, CallPayload, CallResult, Outcome } from '../shared/contract';
import { toFailure } from '../shared/failure';
import { assertOwnSender, checkPayload } from './guard';

/** One handler a call; a call without one does not compile. */
export type Handlers = {
  readonly [Name in CallName]: (payload: CallPayload<Name>) => CallResult<Name> | Promise<CallResult<Name>>;
};

/** Answers the contract's calls: sender first, then payload, then the work. Every refusal says why. */
export function setupIpc(handlers: Handlers): void {
  for (const name of callNames) {
    ipcMain.handle(channelOf(name), (event, payload: unknown) =>
      settle(async () => {
        assertOwnSender(event.senderFrame);
        return serve(name, handlers, payload);
      }),
    );
  }
}

function serve<Name extends CallName>(name: Name, handlers: Handlers, payload: unknown) {
  return handlers[name](checkPayload(name, payload));
}

async function settle<Value>(work: () => Promise<Value>): Promise<Outcome<Value>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, failure: toFailure(error) };
  }
}
