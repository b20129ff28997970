import { pageBytes } from '../shared/settings';
import type { GuestMemory } from './memory';
import { generator, hash } from './random';

/** Pages that hold the same kind of thing, as allocators and page caches lay them out. */
const runPages = 64;
/** Distinct pages among those that occur again and again (shared libraries, the same file cached twice). */
const libraryPages = 48;

/** Words a server's page cache is full of; the front ones are used most. */
const words =
  `the of to and in a is for 0 = the error file path: info /usr/lib debug request value status user id time server
  memory page table index key name start stop local host service return null if else const static struct int char size
  order customer invoice amount total currency account ledger posting material plant storage quantity unit price net tax
  select from where insert into update set values join group by limit cache buffer queue thread lock wait signal timeout
  socket connect listen accept read write close open retry backoff latency throughput percent bytes packet frame header
  module version build release config option default enable disable warning critical notice started finished running
  kernel driver device interrupt handler context switch schedule process signal mount volume sector block inode journal
  <div> </div> class= href= {"type": "object", } }, [] () => function import export require package license copyright`
    .split(/\s+/)
    .map((word) => Buffer.from(`${word} `));

/** Numbers that end a line. */
const numbers = Array.from({ length: 1024 }, (_, n) => Buffer.from(`${hash(0, n) % 100_000}\n`));
const noWord = Buffer.from('\n');

type Filler = (memory: GuestMemory, page: number, random: () => number, seed: number) => void;

function text(memory: GuestMemory, page: number, random: () => number): void {
  const { bytes } = memory;
  const end = (page + 1) * pageBytes;
  for (let at = page * pageBytes; at < end;) {
    const draw = random();
    const pick = ((draw & 0xff) * ((draw >>> 8) & 0xff) * words.length) >>> 16;
    const word = (draw >>> 28 === 0 ? numbers[draw & 1023] : words[pick]) ?? noWord;
    for (let letter = 0; letter < word.length && at < end; letter += 1) bytes[at++] = word[letter] ?? 0;
  }
}

/** Rows of 32 bytes: a serial number, a small type, a pointer, a count, and padding. */
function records(memory: GuestMemory, page: number, random: () => number): void {
  const { bytes } = memory;
  for (let at = page * pageBytes; at < (page + 1) * pageBytes; at += 32) {
    const draw = random();
    bytes.writeUInt32LE(at / 32, at);
    bytes.writeUInt32LE(draw & 7, at + 4);
    bytes.writeUInt32LE(draw & 0xffffc0, at + 8);
    bytes.writeUInt32LE(0xffff8880, at + 12);
    bytes.writeUInt32LE(draw >>> 22, at + 16);
  }
}

/** What is compressed or encrypted already. */
function noise(memory: GuestMemory, page: number, random: () => number): void {
  const { bytes } = memory;
  for (let at = page * pageBytes; at < (page + 1) * pageBytes; at += 4) bytes.writeUInt32LE(random(), at);
}

function repeated(memory: GuestMemory, page: number, random: () => number, seed: number): void {
  text(memory, page, generator(hash(seed, random() % libraryPages)));
}

function zero(memory: GuestMemory, page: number): void {
  memory.bytes.fill(0, page * pageBytes, (page + 1) * pageBytes);
}

/** How a guest's memory is made up, in per cent. */
const mixture: readonly (readonly [share: number, filler: Filler])[] = [
  [50, zero],
  [20, text],
  [13, records],
  [9, noise],
  [8, repeated],
];

function fillerOf(draw: number): Filler {
  let left = draw % 100;
  for (const [share, filler] of mixture) {
    if (left < share) return filler;
    left -= share;
  }
  return zero;
}

function fill(memory: GuestMemory, page: number, filler: Filler, seed: number): void {
  filler(memory, page, generator(hash(seed, page + libraryPages)), seed);
}

/** Gives a guest that has not started the memory of a machine in use; the same seed gives the same bytes. */
export function fillMemory(memory: GuestMemory, seed: number): void {
  for (let page = 0; page < memory.pages; page += 1) {
    const filler = fillerOf(hash(seed ^ 0x5bd1e995, Math.floor(page / runPages)));
    if (filler !== zero) fill(memory, page, filler, seed);
  }
}

/** Empties `count` pages from `first` on, as freshly allocated memory is. */
export function fillZero(memory: GuestMemory, first: number, count: number): void {
  memory.bytes.fill(0, first * pageBytes, (first + count) * pageBytes);
}

/** Fills `count` pages from `first` on with rows of records. */
export function fillRecords(memory: GuestMemory, first: number, count: number, seed: number): void {
  for (let page = first; page < first + count; page += 1) fill(memory, page, records, seed);
}
