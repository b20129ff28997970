#!/usr/bin/env node
// Writes resources/sample-guest.img, the boot sector of the sample QEMU guest:  node scripts/assemble-guest.mjs [FILE]
//
// What it does, once the BIOS has loaded it: enters flat 32-bit mode, prints the line `W`, and then for ever
//   - prints ten times a second the line `BEATS SWEEPS` (eight hexadecimal digits each) on the first serial port;
//   - sweeps: increments one byte every 1 KiB of the 16 MiB from 1 MiB on, RATE times a second (0 at first);
//   - takes commands from the serial port, a decimal number and a letter, and answers with the letter as a line:
//       `50r`  RATE = 50; a number beyond what the machine can do means as fast as it can
//       `64f`  fills 64 MiB from 17 MiB on with pages of four kinds, see `kinds`
// All its state is in RAM, so a guest that was migrated goes on counting from where it stopped.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { assembler, at, cell } from './x86.mjs';

const sector = 512;
const origin = 0x7c00;
/**
 * In the page of the code. QEMU 7.2 under TCG forgets writes to a page that its translation buffer holds as dirty
 * already: with the counters in a page of their own, guests moved from QEMU to QEMU in 13 rounds differed there three
 * times of three. Writes beside code are looked at each time.
 */
const stateAddress = 0x7000;
const idtAddress = 0x1000;
const sweepAddress = 0x10_0000;
const sweepStep = 1024;
const sweepCount = 16384;
const fillAddress = sweepAddress + sweepStep * sweepCount;

/** The ACPI power-management timer: 24 bits at 3.579545 MHz, where SeaBIOS puts it; it stands still with the guest. */
const timer = { port: 0x608, ticksPerSecond: 3_579_545, mask: 0xff_ffff };
/** The interval timer wakes an idle guest, so that it does not cost its host a processor. */
const wakePeriod = Math.round(1_193_182 / 1000);
const timerVector = 8;
const serial = { data: 0x3f8, status: 0x3fd, received: 0x01, sendable: 0x20 };
const selectors = { code: 0x08, data: 0x10 };

const stateNames = /** @type {const} */ ([
  'last',
  'credit',
  'rate',
  'beatTicks',
  'beats',
  'sweeps',
  'number',
  'random',
]);
/** @param {typeof stateNames[number]} name */
const state = (name) => cell(stateNames.indexOf(name) * 4);

/** What page n of a fill holds: 32-bit random words, masked with `and`, then with `or`; kind is n mod 4. */
const kinds = [
  { and: 0xffff_ffff, or: 0 }, // does not compress
  { and: 0x0f0f_0f0f, or: 0x6060_6060 }, // letters, half the size when compressed
  { and: 0x0000_00ff, or: 0 }, // sparse small numbers
  { and: 0, or: 0x2020_2020 }, // the same page again and again
];

const a = assembler(origin);

enterProtectedMode();
prepareMachine();
mainLoop();
sweepOnce();
takeCommand();
fill();
printing();
tables();

const code = a.finish();
if (code.length > sector - 2) throw new Error(`${code.length} bytes do not fit the boot sector`);
const image = Buffer.alloc(sector);
code.copy(image);
image.writeUInt16LE(0xaa55, sector - 2);
const resources = path.join(path.dirname(fileURLToPath(import.meta.url)), '../resources');
writeFileSync(process.argv[2] ?? path.join(resources, 'sample-guest.img'), image);

function enterProtectedMode() {
  a.cli();
  a.cld();
  a.xor('eax', 'eax'); // 16-bit code: this is ax
  a.db(0x8e, 0xd8); // mov ds, ax
  a.lgdt16('gdtr');
  a.enterProtectedMode('protected', selectors.code);
}

function prepareMachine() {
  a.label('protected');
  a.mov('eax', selectors.data);
  a.movDataSegmentsAx();
  a.mov('esp', origin);

  a.mov('ebp', stateAddress);
  a.mov('edi', 'ebp');
  a.xor('eax', 'eax');
  a.mov('ecx', stateNames.length);
  a.repStosd();
  a.mov(state('random'), 0x9e37_79b9);

  // One interrupt gate, for the timer; all code is below 64 KiB, so the handler's address has no upper half.
  a.mov('edi', idtAddress + timerVector * 8);
  a.db(0xb8); // mov eax, selector and handler
  a.address16('wake');
  a.db(selectors.code, 0);
  a.stosd();
  a.mov('eax', 0x8e00);
  a.stosd();
  a.lidt('idtr');
  for (const { port, byte } of [
    { port: 0x21, byte: 0xfe }, // of all interrupts only the timer's
    { port: 0x43, byte: 0x34 }, // timer 0 as a rate generator
    { port: 0x40, byte: wakePeriod & 0xff },
    { port: 0x40, byte: wakePeriod >>> 8 },
  ]) {
    a.movAl(byte);
    a.outAl(port);
  }

  a.movAl('W'.charCodeAt(0));
  a.call('line');
  a.sti();
}

/** Every turn adds the time passed times the rate to `credit`; a sweep costs one second's ticks of it. */
function mainLoop() {
  a.label('main');
  a.mov('edx', timer.port);
  a.inEaxDx();
  a.mov('ecx', 'eax');
  a.sub('ecx', state('last'));
  a.mov(state('last'), 'eax');
  a.and('ecx', timer.mask);
  a.add(state('beatTicks'), 'ecx');

  a.mov('eax', state('rate'));
  a.mul('ecx');
  a.add('eax', state('credit'));
  a.adc('edx', 0);
  a.test('edx', 'edx');
  a.je('creditFits');
  a.or('eax', -1);
  a.label('creditFits');
  a.mov(state('credit'), 'eax');

  a.mov('eax', Math.round(timer.ticksPerSecond / 10));
  a.cmp(state('beatTicks'), 'eax');
  a.jb('noBeat');
  a.sub(state('beatTicks'), 'eax');
  a.incDword(state('beats'));
  a.mov('eax', state('beats'));
  a.call('hexadecimal');
  a.movAl(' '.charCodeAt(0));
  a.call('put');
  a.mov('eax', state('sweeps'));
  a.call('hexadecimal');
  a.call('newline');
  a.label('noBeat');

  a.call('command');
  a.mov('eax', timer.ticksPerSecond);
  a.cmp(state('credit'), 'eax');
  a.jb('idle');
  a.sub(state('credit'), 'eax');
  a.call('sweep');
  a.jmp('main');
  a.label('idle');
  a.hlt();
  a.jmp('main');

  a.label('wake');
  a.push('eax');
  a.movAl(0x20); // end of interrupt
  a.outAl(0x20);
  a.pop('eax');
  a.iret();
}

function sweepOnce() {
  a.label('sweep');
  a.mov('edi', sweepAddress);
  a.mov('ecx', sweepCount);
  a.label('sweepNext');
  a.incByte(at('edi'));
  a.add('edi', sweepStep);
  a.loop('sweepNext');
  a.incDword(state('sweeps'));
  a.ret();
}

/** Takes one character, if one is there: a digit extends `number`, a letter uses it up. */
function takeCommand() {
  a.label('command');
  a.mov('edx', serial.status);
  a.inAlDx();
  a.testAl(serial.received);
  a.je('noCommand');
  a.movDl(serial.data & 0xff);
  a.inAlDx();
  a.movzxFromAl('ecx');
  a.subAl('0'.charCodeAt(0));
  a.cmpAl(10);
  a.jae('letter');
  a.movzxFromAl('ecx');
  a.imul('eax', state('number'), 10);
  a.add('eax', 'ecx');
  a.mov(state('number'), 'eax');
  a.label('noCommand');
  a.ret();

  a.label('letter');
  a.mov('eax', 'ecx');
  a.xor('ecx', 'ecx');
  a.xchg('ecx', state('number'));
  a.cmpAl('f'.charCodeAt(0));
  a.je('fill');
  a.cmpAl('r'.charCodeAt(0));
  a.jne('noCommand');
  a.mov(state('rate'), 'ecx');
  a.xor('ecx', 'ecx');
  a.mov(state('credit'), 'ecx');
  a.jmp('line');
}

/** Fills ecx MiB; the random words are George Marsaglia's xorshift32 (13, 17, 5), kept in edx. */
function fill() {
  a.label('fill');
  a.push('eax');
  a.mov('edi', fillAddress);
  a.mov('edx', state('random'));
  a.shl('ecx', 8); // pages
  a.jecxz('filled');
  a.label('fillPage');
  a.mov('eax', 'ecx');
  a.and('eax', kinds.length - 1);
  a.movFromTable('ebx', 'kinds', 'eax');
  a.movFromTable('esi', 'kindsOr', 'eax');
  a.push('ecx');
  a.mov('ecx', 1024);
  a.label('fillWord');
  a.mov('eax', 'edx');
  a.shl('eax', 13);
  a.xor('edx', 'eax');
  a.mov('eax', 'edx');
  a.shr('eax', 17);
  a.xor('edx', 'eax');
  a.mov('eax', 'edx');
  a.shl('eax', 5);
  a.xor('edx', 'eax');
  a.mov('eax', 'edx');
  a.and('eax', 'ebx');
  a.or('eax', 'esi');
  a.stosd();
  a.loop('fillWord');
  a.pop('ecx');
  a.loop('fillPage');
  a.label('filled');
  a.mov(state('random'), 'edx');
  a.pop('eax');
  a.jmp('line');
}

/** `hexadecimal`: eax in eight digits. `line`: al and a newline. `put`: al; keeps ecx. */
function printing() {
  a.label('hexadecimal');
  a.mov('ecx', 8);
  a.label('digit');
  a.rol('eax', 4);
  a.push('eax');
  a.andAl(0x0f);
  a.addAl('0'.charCodeAt(0));
  a.cmpAl('9'.charCodeAt(0) + 1);
  a.jb('decimalDigit');
  a.addAl('a'.charCodeAt(0) - '9'.charCodeAt(0) - 1);
  a.label('decimalDigit');
  a.call('put');
  a.pop('eax');
  a.loop('digit');
  a.ret();

  a.label('line');
  a.call('put');
  a.label('newline');
  a.movAl('\n'.charCodeAt(0));
  a.label('put');
  a.push('eax');
  a.mov('edx', serial.status);
  a.label('notSendable');
  a.inAlDx();
  a.testAl(serial.sendable);
  a.je('notSendable');
  a.pop('eax');
  a.movDl(serial.data & 0xff);
  a.outDxAl();
  a.ret();
}

function tables() {
  // Descriptors: 4 GiB flat code and data. The GDT's first entry is never used, so its register's image lies in it.
  a.label('gdtr');
  a.db(3 * 8 - 1, 0);
  a.address('gdtr');
  a.db(0, 0);
  a.db(0xff, 0xff, 0, 0, 0, 0x9a, 0xcf, 0);
  a.db(0xff, 0xff, 0, 0, 0, 0x92, 0xcf, 0);

  a.label('idtr');
  a.db((timerVector + 1) * 8 - 1, 0);
  a.dd(idtAddress);

  a.label('kinds');
  kinds.forEach(({ and, or }, index) => {
    a.dd(and);
    if (index === 0) a.label('kindsOr');
    a.dd(or);
  });
}
