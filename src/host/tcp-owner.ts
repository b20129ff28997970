import { readFile } from 'node:fs/promises';
import { BlockList, isIPv4 } from 'node:net';

/** One end of a TCP connection. */
export interface TcpEnd {
  readonly address: string;
  readonly port: number;
}

/** The kernel's tables of this network namespace's TCP sockets, the second with IPv6 addresses. */
const tables = ['/proc/net/tcp', '/proc/net/tcp6'] as const;

/**
 * The user whose process on this machine holds the socket at `end` that is connected to `far`; undefined where there is
 * none, or nobody says. No privilege is needed to see it.
 */
export async function tcpOwner(end: TcpEnd, far: TcpEnd): Promise<number | undefined> {
  for (const table of tables) {
    const owner = ownerIn(await readFile(table, 'utf8').catch(() => ''), end, far);
    if (owner !== undefined) return owner;
  }
  return undefined;
}

/**
 * The same in the text of such a table (proc_pid_net(5)): `sl local remote st queues timer retransmits uid timeout
 * inode …`. A socket that no process holds any more, or holds yet, has inode 0, and its user means nothing.
 */
export function ownerIn(table: string, end: TcpEnd, far: TcpEnd): number | undefined {
  for (const line of table.split('\n').slice(1)) {
    const [, local, remote, , , , , uid, , inode] = line.trim().split(/\s+/);
    if (uid !== undefined && inode !== '0' && isEnd(local, end) && isEnd(remote, far)) return Number(uid);
  }
  return undefined;
}

function isEnd(text: string | undefined, { address, port }: TcpEnd): boolean {
  const [words = '', hexPort = ''] = text?.split(':') ?? [];
  if (parseInt(hexPort, 16) !== port) return false;
  const given = addressOf(words);
  return covers(given, address) || covers(address, given);
}

/** An address as the table has it: 32-bit words in the byte order of this machine, in hex. */
function addressOf(words: string): string {
  const bytes = Buffer.from(words, 'hex');
  if (isLittleEndian) bytes.swap32();
  if (bytes.length === 4) return bytes.join('.');
  return Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(':');
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Whether they are the same; also where the second is the first, an IPv4 address, in IPv6's clothes. */
function covers(one: string, other: string): boolean {
  const list = new BlockList();
  list.addAddress(zoneless(one), family(one));
  return list.check(zoneless(other), family(other));
}

function zoneless(address: string): string {
  return address.replace(/%.*$/, '');
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6';
}
