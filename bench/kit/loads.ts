import { assembler } from '../../scripts/x86.mjs';
import { seedLoad } from '../../scripts/seed-load.mjs';

/*
 * What the bench guests are kept busy with: static 32-bit Linux programs of one segment, made here from instructions.
 * `seed` is the load that XBZRLE was once proposed with; these two are its counterparts.
 */

const loadAddress = 0x1000_0000;
const headerBytes = 52 + 32;
const linuxCall = { nanosleep: 162 };
const mebibyte = 2 ** 20;

/** Every writer's pause between two sweeps, ms. */
export const periodMs = 20;

/** Business records: so many of 32 B, anywhere in the heap, written anew each period. */
export const erpLoad = { heapBytes: 64 * mebibyte, recordBytes: 32, records: 400 } as const;

/** Noise: so many pages each period, one after the other through the heap and again. 6.55 MB/s, 52 Mbit/s. */
export const randomLoad = { heapBytes: 16 * mebibyte, pages: 32 } as const;

/** The programs by the name the guest starts them with. */
export function loadPrograms(): Readonly<Record<'seed' | 'erp' | 'random', Buffer>> {
  return { seed: seedLoad(periodMs), erp: erpProgram(), random: randomProgram() };
}

type Assembler = ReturnType<typeof assembler>;

/** A heap of records that look like some, a third of it noise; then 400 of them are overwritten with other numbers. */
function erpProgram(): Buffer {
  const { heapBytes, recordBytes, records } = erpLoad;
  return program(heapBytes, (a, heap) => {
    a.mov('ebx', 2654435761);
    a.mov('esi', 12345);
    a.mov('edi', heap);
    a.mov('ecx', heapBytes / recordBytes);
    a.label('fill');
    const fields: readonly (() => unknown)[] = [
      () => a.mov('eax', 'ecx'),
      () => a.call('random'),
      () => a.and('eax', 0xffff),
      () => a.mov('eax', 0x20202020),
      () => a.call('random'),
      () => a.and('eax', 0xff),
      () => a.mov('eax', 0),
      () => a.mov('eax', 0x00322e31),
    ];
    for (const field of fields) {
      field();
      a.stosd();
    }
    a.loop('fill');
    a.label('sweep');
    a.mov('ecx', records);
    a.label('record');
    a.call('random');
    a.and('eax', heapBytes - recordBytes); // a multiple of a record's size: the size is a power of two
    a.mov('edi', heap);
    a.add('edi', 'eax');
    for (let field = 0; field < recordBytes / 4; field++) {
      a.call('random');
      a.stosd();
    }
    a.loop('record');
    sleep(a);
    a.jmp('sweep');
  });
}

function randomProgram(): Buffer {
  const { heapBytes, pages } = randomLoad;
  return program(heapBytes, (a, heap) => {
    a.mov('ebx', 2654435761);
    a.mov('esi', 12345);
    a.label('again');
    a.mov('edi', heap);
    a.label('sweep');
    a.mov('ecx', (pages * 4096) / 4);
    a.label('next');
    a.call('random');
    a.stosd();
    a.loop('next');
    sleep(a);
    a.cmp('edi', heap + heapBytes);
    a.jb('sweep');
    a.jmp('again');
  });
}

/** A routine: eax = the next 32 bits. esi is the state, ebx the multiplier, edx is lost; high bits are stirred into low. */
function randomRoutine(a: Assembler): void {
  a.label('random');
  a.mov('eax', 'esi');
  a.mul('ebx');
  a.add('eax', 0x3c6ef35f);
  a.mov('esi', 'eax');
  a.shr('eax', 15);
  a.xor('eax', 'esi');
  a.ret();
}

/** Sleeps one period; eax, ebx and ecx are lost but for ebx, which is the multiplier again. */
function sleep(a: Assembler): void {
  a.db(0xbb); // mov ebx, pause
  a.address('pause');
  a.mov('eax', linuxCall.nanosleep);
  a.xor('ecx', 'ecx');
  a.db(0xcd, 0x80); // int 80h: a system call
  a.mov('ebx', 2654435761);
}

/** An ELF file of one segment that can be read, written and run, with a zeroed heap behind the code. */
function program(heapBytes: number, write: (a: Assembler, heap: number) => void): Buffer {
  const a = assembler(loadAddress + headerBytes);
  write(a, loadAddress + 4096);
  randomRoutine(a);
  a.label('pause');
  a.dd(0, periodMs * 1_000_000);
  const code = a.finish();
  const header = assembler(0);
  header.db(0x7f, ...Buffer.from('ELF'), 1, 1, 1, ...Buffer.alloc(9)); // 32 bits, little-endian, version 1
  header.db(2, 0, 3, 0); // executable, for x86
  header.dd(1, headerBytes + loadAddress, 52, 0, 0);
  header.db(52, 0, 32, 0, 1, 0, 0, 0, 0, 0, 0, 0);
  header.dd(1, 0, loadAddress, loadAddress, headerBytes + code.length, 4096 + heapBytes, 7, 4096);
  return Buffer.concat([header.finish(), code]);
}
