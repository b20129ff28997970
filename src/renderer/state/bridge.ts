import { WherryError } from '../../shared/failure';
import type { CallName, CallPayload, CallResult, PushName, PushValue } from '../../shared/contract';

/** Makes a call to the main process; a refusal is thrown with its code and sentence. */
export async function call<Name extends CallName>(
  name: Name,
  ...[payload]: undefined extends CallPayload<Name> ? [] : [CallPayload<Name>]
): Promise<CallResult<Name>> {
  const outcome = await window.wherry.calls[name](payload);
  if (!outcome.ok) throw new WherryError(outcome.failure.code, outcome.failure.message);
  return outcome.value;
}

/** Listens to a push; what it returns ends the listening. */
export function listen<Name extends PushName>(name: Name, listener: (value: PushValue<Name>) => void): () => void {
  return window.wherry.pushes[name](listener);
}
