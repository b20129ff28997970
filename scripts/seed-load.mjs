import { assembler, at } from './x86.mjs';

const loadAddress = 0x1000_0000;
const elfHeaderBytes = 52;
const programHeaderBytes = 32;
const areaBytes = 16 * 2 ** 20;
const step = 1024;
const linuxCall = { nanosleep: 162 };

/**
 * A static 32-bit Linux program (an ELF file with one segment): the load generator that XBZRLE was once proposed with.
 * It increments one byte every 1 KiB of 16 MiB, and sleeps `periodMs` between two sweeps.
 * @param {number} periodMs below 1000
 */
export function seedLoad(periodMs) {
  const a = assembler(loadAddress + elfHeaderBytes + programHeaderBytes);
  const area = loadAddress + 4096;
  a.label('sweep');
  a.mov('edi', area);
  a.mov('ecx', areaBytes / step);
  a.label('next');
  a.incByte(at('edi'));
  a.add('edi', step);
  a.loop('next');
  a.db(0xbb); // mov ebx, pause
  a.address('pause');
  a.mov('eax', linuxCall.nanosleep);
  a.xor('ecx', 'ecx');
  a.db(0xcd, 0x80); // int 80h: a system call
  a.jmp('sweep');
  a.label('pause');
  a.dd(0, periodMs * 1_000_000);
  const code = a.finish();

  const fileBytes = elfHeaderBytes + programHeaderBytes + code.length;
  const header = assembler(0);
  header.db(0x7f, ...Buffer.from('ELF'), 1, 1, 1, ...Buffer.alloc(9)); // 32 bits, little-endian, version 1
  header.db(2, 0, 3, 0); // executable, for x86
  header.dd(1, fileBytes - code.length + loadAddress, elfHeaderBytes, 0, 0);
  header.db(elfHeaderBytes, 0, programHeaderBytes, 0, 1, 0, 0, 0, 0, 0, 0, 0);
  const segment = { load: 1, readWriteExecute: 7 };
  header.dd(segment.load, 0, loadAddress, loadAddress, fileBytes, 4096 + areaBytes, segment.readWriteExecute, 4096);
  return Buffer.concat([header.finish(), code]);
}
