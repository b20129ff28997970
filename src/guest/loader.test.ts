import { describe, expect, it } from 'vitest';
import { putPageHead, putZero } from '../engine/stream/format';
import { StreamParser } from '../engine/stream/parser';
import { openReturnPath, ping, ramEnd, ramPart, ramSectionEnd, ramStart, streamHead } from '../engine/stream/write';
import { builtinMemory } from '../shared/guest';
import { pageBytes } from '../shared/settings';
import { encodeDevice, machineName, type DeviceState } from './device-section';
import { Loader } from './loader';
import { GuestMemory, romBytes } from './memory';

const device: DeviceState = { workload: { workload: 'seed', seed: 3, counter: 99, rate: 5 }, ran: true };
const blocks = [
  { name: 'pc.ram', usedBytes: builtinMemory.min },
  { name: 'guest.rom', usedBytes: romBytes },
];

function page(offset: number, name: string, fill: number): Buffer {
  const record = Buffer.alloc(5000);
  const at = putPageHead(record, 0, offset, Buffer.from(name));
  return record.fill(fill, at, at + pageBytes).subarray(0, at + pageBytes);
}

function zero(offset: number, name: string): Buffer {
  const record = Buffer.alloc(300);
  return record.subarray(0, putZero(record, 0, offset, Buffer.from(name), 0));
}

/** A stream of a few pages, with parts replaced for what a test is about. */
function stream(parts: { head?: Buffer; start?: Buffer; end?: Buffer; tail?: Buffer } = {}): Buffer {
  return Buffer.concat([
    parts.head ?? Buffer.concat([streamHead(machineName), openReturnPath(), ping(1)]),
    parts.start ?? Buffer.concat([ramStart(2, blocks), ramSectionEnd(2)]),
    ...[ramPart(2), page(4096, 'pc.ram', 7), page(8192, 'pc.ram', 8), page(0, 'guest.rom', 9), ramSectionEnd(2)],
    parts.end ?? Buffer.concat([ramEnd(2), zero(8192, 'pc.ram'), ramSectionEnd(2)]),
    parts.tail ?? encodeDevice(device),
  ]);
}

function load(bytes: Buffer, chunkBytes = bytes.length): { readonly said: unknown[]; readonly memory: GuestMemory } {
  const memory = new GuestMemory(builtinMemory.min);
  const said: unknown[] = [];
  const loader = new Loader(memory, {
    returnPath: () => said.push('return-path'),
    ping: (value) => said.push(`ping ${value}`),
    loaded: (state) => said.push(state),
  });
  const parser = new StreamParser(loader);
  for (let at = 0; at < bytes.length; at += chunkBytes) parser.push(bytes.subarray(at, at + chunkBytes));
  parser.end();
  loader.end();
  return { said, memory };
}

describe('Loader', () => {
  it.each([1, 7, 4096, 1 << 20])('loads memory and device from chunks of %i bytes', (chunkBytes) => {
    const { said, memory } = load(stream(), chunkBytes);
    expect(said).toEqual(['return-path', 'ping 1', device]);
    expect(memory.bytes[4096]).toBe(7);
    expect(memory.isZeroPage(2)).toBe(true);
    expect(memory.bytes[memory.ramBytes + pageBytes - 1]).toBe(9);
  });

  it('lets a description of devices follow', () => {
    expect(load(Buffer.concat([stream(), Buffer.from('060000000178', 'hex')])).said).toHaveLength(3);
  });

  it.each([
    ['another machine', { head: streamHead('pc-i440fx-7.2') }, "machine 'wherry-guest'"],
    ['no configuration', { head: streamHead(machineName).subarray(0, 8) }, "machine 'wherry-guest'"],
    ['a longer machine name', { head: streamHead(`${machineName}s`) }, "machine 'wherry-guest'"],
    ['another size', { start: ramStart(2, [{ name: 'pc.ram', usedBytes: 4096 }]) }, 'bytes of'],
    ['another block', { start: ramStart(2, [{ name: 'mem0', usedBytes: 4096 }]) }, "'pc.ram', got 'mem0'"],
    ['a third block', { start: ramStart(2, [...blocks, { name: 'x', usedBytes: 4096 }]) }, "'none', got 'x'"],
    ['a page of no block', { end: Buffer.concat([ramEnd(2), page(0, 'vga', 1)]) }, 'block-unknown'],
    ['a page past its block', { end: Buffer.concat([ramEnd(2), page(romBytes, 'guest.rom', 1)]) }, 'page-offset'],
    ['a device before the end of memory', { end: encodeDevice(device) }, 'device-state'],
    ['a device that is none', { tail: Buffer.alloc(encodeDevice(device).length, 4) }, "Device 'wherry-guest'"],
    ['a stream that ends early', { tail: encodeDevice(device).subarray(0, -1) }, 'connection was lost'],
    ['a stream without end', { end: Buffer.alloc(0), tail: Buffer.alloc(0) }, 'truncated'],
  ])('refuses %s', (_what, parts, reason) => {
    for (const chunkBytes of [1, 1 << 20]) expect(() => load(stream(parts), chunkBytes)).toThrow(reason);
  });

  it('refuses what is not a stream', () => {
    expect(() => load(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toThrow('expected');
  });
});
