import { connect } from 'node:net';
import { Ring } from '../../src/codec/ring';

/*
 * The far side of the `boundary` bench, a process of its own: takes blocks of bytes in one of three ways and says for
 * each that it has it. `echo.cjs port|socket|ring BYTES [PATH]`
 */
const [way, size = '0', path = ''] = process.argv.slice(2);
const bytes = Number(size);

const takers: Readonly<Record<string, () => void>> = {
  port: () => {
    process.on('message', (block: Uint8Array) => process.send?.(block.length));
    process.send?.('ready');
  },
  socket: () => {
    let taken = 0;
    const socket = connect(path, () => process.send?.('ready'));
    socket.on('data', (chunk) => {
      for (taken += chunk.length; taken >= bytes; taken -= bytes) process.send?.(bytes);
    });
  },
  ring: () => {
    const ring = Ring.open(path, { slots: 2, inBytes: bytes, outBytes: 1 });
    const target = Buffer.alloc(bytes);
    process.on('message', (slot: number) => {
      ring.readIn(slot, 0, target);
      process.send?.(target.length);
    });
    process.send?.('ready');
  },
};

takers[way ?? '']?.();
process.on('disconnect', () => process.exit());
