import { Channel } from './channel';
import { dial, onceProved } from './dial';
import type { Endpoint } from '../../shared/pairing';

/** How long it may take, ms. */
const mostMs = 2000;

/** Says a last word on a connection of its own, since the one before is lost; nobody waits to see whether it arrives. */
export function sayGoodbye(to: Endpoint, say: (channel: Channel) => void): void {
  const socket = dial(to);
  const ignore = (): void => undefined;
  const channel = new Channel(socket, 'receiver', { onFrame: ignore, onEnd: ignore });
  const timer = setTimeout(() => channel.destroy(), mostMs);
  socket.once('close', () => clearTimeout(timer));
  say(channel);
  onceProved(to, socket, () => channel.finish());
}
