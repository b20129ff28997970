import type { Workload } from '../shared/guest';
import { pageBytes } from '../shared/settings';
import { fillMemory, fillRecords, fillZero } from './content';
import type { GuestMemory } from './memory';
import { generator, hash } from './random';

/** All a workload knows; with its memory, enough to carry on anywhere. */
export interface WorkloadState {
  workload: Workload;
  /** What its choices depend on, 32 bits. */
  seed: number;
  /** Steps done so far. */
  counter: number;
  /** Steps a second it aims at; a step writes to one page, so this is also the most pages it dirties in a second. */
  rate: number;
}

/** Most steps a second that may be asked for. */
export const maxRate = 10_000_000;

interface Program {
  readonly defaultRate: number;
  /** Prepares its part of memory before the first step. */
  readonly prepare: (memory: GuestMemory, seed: number) => void;
  /** Step number `counter`: touches one page, and depends on nothing but its arguments. */
  readonly step: (memory: GuestMemory, seed: number, counter: number) => void;
}

const seedPages = (16 * 2 ** 20) / pageBytes;
const rowBytes = 32;
const rowsPerPage = pageBytes / rowBytes;
const idlePages = 64;

/** Where the workloads' own memory begins: a quarter up, clear of what the guest booted from. */
function heapPage(memory: GuestMemory): number {
  return memory.ramBytes / pageBytes / 4;
}

/** Pages of the larger heaps: a quarter of memory. */
function heapPages(memory: GuestMemory): number {
  return memory.ramBytes / pageBytes / 4;
}

/** A machine with nothing to do still ticks: a clock page every second step, a few others in turn. */
const idle: Program = {
  defaultRate: 250,
  prepare: () => undefined,
  step(memory, _seed, counter) {
    const page = counter % 2 === 0 ? 0 : 1 + (((counter - 1) / 2) % (idlePages - 1));
    memory.incrementWord((heapPage(memory) + page) * pageBytes);
  },
};

/** The load generator that came with XBZRLE: 16 MiB, one byte in every 1024 incremented, over and over. */
const seedLoad: Program = {
  defaultRate: 50 * seedPages,
  prepare: (memory) => fillZero(memory, heapPage(memory), seedPages),
  step(memory, _seed, counter) {
    const start = (heapPage(memory) + (counter % seedPages)) * pageBytes;
    for (let at = start; at < start + pageBytes; at += 1024) memory.incrementByte(at);
  },
};

/** Business records: a row of eight counters somewhere in a large heap, three times in four in its hot eighth. */
const erp: Program = {
  defaultRate: 20_000,
  prepare: (memory, seed) => fillRecords(memory, heapPage(memory), heapPages(memory), seed),
  step(memory, seed, counter) {
    const draw = hash(seed, counter);
    const reach = (draw & 3) === 0 ? heapPages(memory) : Math.floor(heapPages(memory) / 8);
    const page = heapPage(memory) + ((draw >>> 9) % reach);
    const start = page * pageBytes + ((draw >>> 2) % rowsPerPage) * rowBytes;
    for (let at = start; at < start + rowBytes; at += 4) memory.incrementWord(at);
  },
};

/** The worst case: whole pages of bytes that neither compress nor resemble what was there. */
const random: Program = {
  defaultRate: 2_000,
  prepare: () => undefined,
  step(memory, seed, counter) {
    const draw = hash(seed, counter);
    memory.fillPage(heapPage(memory) + (draw % heapPages(memory)), generator(draw));
  },
};

const programs: Readonly<Record<Workload, Program>> = { idle, seed: seedLoad, erp, random };

/** Steps a second when nobody says otherwise. */
export function defaultRate(workload: Workload): number {
  return programs[workload].defaultRate;
}

/** Fills a guest's memory for its first start; the same workload and seed give the same bytes. */
export function boot(memory: GuestMemory, { workload, seed }: Pick<WorkloadState, 'workload' | 'seed'>): void {
  fillMemory(memory, seed);
  programs[workload].prepare(memory, seed);
  memory.dirty.clear();
}

/** Does the next `count` steps. */
export function runSteps(memory: GuestMemory, state: WorkloadState, count: number): void {
  const { step } = programs[state.workload];
  const end = state.counter + count;
  for (let counter = state.counter; counter < end; counter += 1) step(memory, state.seed, counter);
  state.counter = end;
}
