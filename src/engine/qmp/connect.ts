import { type Socket, connect as netConnect } from 'node:net';
import { WherryError, toFailure } from '../../shared/failure';
import { systemText } from '../../shared/system-text';
import { type QmpAddress, formatQmpAddress } from '../../shared/qmp-address';
import type { LineSplitter } from './lines';
import { type QmpGreeting, parseGreeting } from './messages';

/**
 * Opens a socket to a monitor.
 * @throws WherryError `qmp-unreachable` when nobody takes the call within `timeoutMs`
 */
export function openSocket(address: QmpAddress, timeoutMs: number): Promise<Socket> {
  const where = formatQmpAddress(address);
  return new Promise((resolve, reject) => {
    const socket = netConnect(address.kind === 'unix' ? { path: address.path } : address);
    const fail = (why: string) => {
      clearTimeout(timer);
      socket.destroy();
      reject(new WherryError('qmp-unreachable', `No QMP monitor at ${where}: ${why}`));
    };
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
    // Stays for the socket's life: what follows an error is told by 'close'.
    socket.on('error', (error) => fail(systemText(error)));
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
  });
}

/** The monitor's greeting and whatever lines came right behind it. */
export interface Greeted {
  readonly greeting: QmpGreeting;
  readonly rest: readonly string[];
}

/**
 * Waits for the greeting and leaves the socket paused.
 * @throws WherryError `qmp-protocol` when something else comes, or nothing within `timeoutMs`
 */
export function readGreeting(socket: Socket, lines: LineSplitter, where: string, timeoutMs: number): Promise<Greeted> {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onClose).pause();
    };
    const fail = (why: string) => {
      done();
      reject(new WherryError('qmp-protocol', `${where} does not speak QMP: ${why}`));
    };
    const onData = (chunk: Buffer) => {
      try {
        const [first, ...rest] = lines.push(chunk);
        if (first === undefined) return;
        const greeting = parseGreeting(first);
        done();
        resolve({ greeting, rest });
      } catch (thrown) {
        fail(toFailure(thrown).message);
      }
    };
    const onClose = () => fail('the connection was closed before a greeting');
    const silent = `no greeting within ${timeoutMs} ms (a monitor serves one client at a time)`;
    const timer = setTimeout(() => fail(silent), timeoutMs);
    socket.on('data', onData).on('close', onClose);
  });
}
