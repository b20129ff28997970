import { ipcMain } from 'electron';
import * as v from 'valibot';
import { callNames, calls, channelOf } from '../shared/contract';
import type { CallName, CallPayload, CallResult, Outcome } from '../shared/contract';
import { WherryError, toFailure } from '../shared/failure';
import { isOwnPage } from './scheme';

/** One handler a call; a call without one does not compile. */
export type Handlers = {
  readonly [Name in CallName]: (payload: CallPayload<Name>) => CallResult<Name> | Promise<CallResult<Name>>;
};

/** What is needed of a sender to judge it; Electron's `WebFrameMain` fits. */
export interface SenderFrame {
  readonly url: string;
  readonly parent: unknown;
}

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

/** Only the top frame of our own page may call; a frame already gone (null) may not. */
export function assertOwnSender(frame: SenderFrame | null): void {
  if (frame !== null && frame.parent === null && isOwnPage(frame.url)) return;
  throw new WherryError('usage', `call refused: expected the console's own page, got ${frame?.url ?? 'a closed page'}`);
}

/** Checks a payload against the contract's schema for that call. */
export function checkPayload<Name extends CallName>(name: Name, payload: unknown): CallPayload<Name> {
  const checked = v.safeParse(calls[name].payload, payload);
  if (checked.success) return checked.output;
  const [issue] = checked.issues;
  const path = v.getDotPath(issue);
  throw new WherryError('usage', `${name} refused: ${path === null ? '' : `${path}: `}${issue.message}`);
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
