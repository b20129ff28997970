import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ownerIn, tcpOwner, type TcpEnd } from './tcp-owner';

const header = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';

/** A line of the table on a little-endian machine. */
const line = (local: string, remote: string, uid: number, inode = 77): string =>
  `   3: ${local} ${remote} 01 00000000:00000000 00:00000000 00000000  ${uid}        0 ${inode} 1 0000 20 4 30 10 -1`;

const near: TcpEnd = { address: '127.0.0.1', port: 0xed90 };
const far: TcpEnd = { address: '127.0.0.1', port: 4444 };

describe('the owner of a socket', () => {
  it.each<[string, string, string, TcpEnd, TcpEnd]>([
    ['IPv4', '0100007F:ED90', '0100007F:115C', near, far],
    [
      'IPv4 in an IPv6 socket',
      '0000000000000000FFFF00000100007F:ED90',
      '0000000000000000FFFF00000100007F:115C',
      near,
      far,
    ],
    [
      'both in IPv6',
      '0000000000000000FFFF00000100007F:ED90',
      '0100007F:115C',
      { ...near, address: '::ffff:127.0.0.1' },
      far,
    ],
    [
      'IPv6',
      '00000000000000000000000001000000:ED90',
      '000080FE00000000FF005450B6AD1DFE:115C',
      { ...near, address: '::1' },
      { ...far, address: 'fe80::5054:ff:fe1d:adb6%eth0' },
    ],
  ])('is found by its ends, %s', (_, local, remote, end, other) => {
    const table = [header, line('0100007F:0016', '00000000:0000', 0), line(local, remote, 1000), ''].join('\n');
    expect(ownerIn(table, end, other)).toBe(1000);
    expect(ownerIn(table, other, end)).toBeUndefined();
    expect(ownerIn(table, { ...end, port: 1 }, other)).toBeUndefined();
  });

  it('is nobody where no process holds it, or the table is not one', () => {
    expect(ownerIn(`${header}\n${line('0100007F:ED90', '0100007F:115C', 0, 0)}\n`, near, far)).toBeUndefined();
    for (const text of ['', 'no table\nat all\n', `${header}\n 0: 0100007F:ED90`]) {
      expect(ownerIn(text, near, far)).toBeUndefined();
    }
  });

  it.each(['127.0.0.1', '::1'])('is us for a connection of ours over %s', async (host) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const taken = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const socket = connect((server.address() as AddressInfo).port, host);
    const there = await taken;
    onTestFinished(() => {
      socket.destroy();
      there.destroy();
      server.close();
    });
    const end: TcpEnd = { address: there.remoteAddress ?? '', port: there.remotePort ?? 0 };
    expect(await tcpOwner(end, { address: host, port: there.localPort ?? 0 })).toBe(process.getuid?.());
    expect(await tcpOwner(end, { address: host, port: 1 })).toBeUndefined();
  });
});
