import * as v from 'valibot';
import { calls } from '../shared/contract';
import type { CallName, CallPayload } from '../shared/contract';
import { WherryError } from '../shared/failure';
import { isOwnPage } from './page-address';

/** What is needed of a sender to judge it; Electron's `WebFrameMain` fits. */
export interface SenderFrame {
  readonly url: string;
  readonly parent: unknown;
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
