import { WherryError } from '../shared/failure';
import type { Visitor } from './door';
import type { ReceiverSession } from './receiver-session';
import type { Channel } from './wire/channel';
import type { Frame } from './wire/frame';
import { parseHello, type Hello } from './wire/hello';
import { expectSecret } from './wire/secret';

/** What a sender asks for, once it has shown the token. */
export function parseStreamHello({ type, body }: Frame, token: string, maxCacheBytes: number): Hello {
  if (type !== 'hello') throw new WherryError('wire-protocol', `a ${type} frame where only a stream is taken`);
  return parseHello(expectSecret(body, token), maxCacheBytes);
}

/** A further channel of a session's sender; throws `wire-refused` for anybody else's. */
export function joinSession(session: ReceiverSession | undefined, channel: Channel, first: Frame): Visitor {
  if (session === undefined) throw new WherryError('wire-refused', 'there is no session that a channel could join');
  return session.join(channel, first);
}

/** The word of a session's sender that it will not come back; throws `wire-refused` for anybody else's. */
export function leaveSession(session: ReceiverSession | undefined, channel: Channel, first: Frame): Visitor {
  if (session === undefined) throw new WherryError('wire-refused', 'there is no session to leave');
  session.leave(first);
  channel.destroy();
  return { hear: () => undefined, lost: () => undefined };
}
