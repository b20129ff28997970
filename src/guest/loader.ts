import { WherryError } from '../shared/failure';
import { pageBytes } from '../shared/settings';
import { command, sectionType } from '../engine/stream/format';
import type { StreamSink } from '../engine/stream/sink';
import { decodeDevice, deviceSectionBytes, machineName, type DeviceState } from './device-section';
import type { Block, GuestMemory } from './memory';

/** What happens while a stream is loaded. */
export interface LoadListener {
  /** The source wants to be answered on the same connection. */
  returnPath(): void;
  ping(value: number): void;
  /** Everything has arrived and been checked; called once. */
  loaded(device: DeviceState): void;
}

/** More than the bytes before the first block can be with one machine name and two commands. */
const maxPrologueBytes = 1024;
const streamHeadBytes = 8;

/**
 * Loads a migration stream into a waiting guest's memory. Whatever is not exactly what this guest's kind writes is
 * refused by throwing WherryError `destination-failed`; the memory is then worthless.
 */
export class Loader implements StreamSink {
  readonly #memory: GuestMemory;
  readonly #listener: LoadListener;
  readonly #blocks: Block[] = [];
  #prologue: Buffer | undefined = Buffer.alloc(0);
  #device: Buffer | undefined;
  #loaded = false;

  constructor(memory: GuestMemory, listener: LoadListener) {
    this.#memory = memory;
    this.#listener = listener;
  }

  block(index: number, name: Uint8Array, usedBytes: number): void {
    const text = Buffer.from(name).toString('latin1');
    const block = this.#memory.blocks[index];
    if (block?.name !== text) throw refused(`block ${index} to be '${block?.name ?? 'none'}', got '${text}'`);
    if (block.bytes !== usedBytes) throw refused(`${block.bytes} bytes of '${text}', got ${usedBytes}`);
    this.#blocks[index] = block;
  }

  page(block: number, offset: number, _named: boolean, page: Uint8Array): void {
    this.#memory.bytes.set(page, this.#address(block, offset));
  }

  zero(block: number, offset: number, _named: boolean, fill: number): void {
    const at = this.#address(block, offset);
    // A fresh page is empty already; not writing to it leaves it unallocated.
    if (fill === 0 && this.#memory.isZeroPage(at / pageBytes)) return;
    this.#memory.bytes.fill(fill, at, at + pageBytes);
  }

  raw(bytes: Uint8Array): void {
    if (this.#device !== undefined) this.#takeDevice(bytes);
    else if (this.#prologue !== undefined) this.#takePrologue(bytes);
  }

  opaque(reason: string): void {
    if (reason !== 'ram-end') throw refused(`a stream with memory up to its end, got '${reason}'`);
    if (this.#blocks.length !== this.#memory.blocks.length) throw refused('all blocks to be listed');
    this.#device = Buffer.alloc(0);
  }

  /** The connection is over. @throws WherryError if something is missing */
  end(): void {
    if (!this.#loaded) throw refused('the whole stream, got its beginning only: the connection was lost');
  }

  #address(index: number, offset: number): number {
    const block = this.#blocks[index];
    if (block === undefined) throw refused(`a page of a listed block, got one of block ${index}`);
    return block.start + offset;
  }

  /** Header, configuration and commands: everything up to the first section. */
  #takePrologue(bytes: Uint8Array): void {
    const held = Buffer.concat([this.#prologue ?? Buffer.alloc(0), bytes]);
    if (held.length > maxPrologueBytes) throw refused(`a section within ${maxPrologueBytes} bytes`);
    this.#prologue = held;
    const configuration = expectedConfiguration();
    const known = held.subarray(streamHeadBytes, streamHeadBytes + configuration.length);
    if (!known.equals(configuration.subarray(0, known.length))) throw refused(`machine '${machineName}'`);
    let at = streamHeadBytes + configuration.length;
    if (held.length <= at) return;
    while (held[at] === sectionType.command) {
      if (held.length < at + 5 || held.length < at + 5 + held.readUInt16BE(at + 3)) return;
      at = this.#command(held, at);
      this.#prologue = Buffer.concat([held.subarray(0, streamHeadBytes + configuration.length), held.subarray(at)]);
    }
    if (held.length > at) this.#prologue = undefined;
  }

  #command(held: Buffer, at: number): number {
    const number = held.readUInt16BE(at + 1);
    const length = held.readUInt16BE(at + 3);
    if (number === command.openReturnPath) this.#listener.returnPath();
    if (number === command.ping && length === 4) this.#listener.ping(held.readUInt32BE(at + 5));
    return at + 5 + length;
  }

  #takeDevice(bytes: Uint8Array): void {
    if (this.#loaded) return; // a description of devices may follow; nobody needs it
    const missing = deviceSectionBytes - (this.#device?.length ?? 0);
    this.#device = Buffer.concat([this.#device ?? Buffer.alloc(0), bytes.subarray(0, missing)]);
    if (this.#device.length < deviceSectionBytes) return;
    const device = decodeDevice(this.#device);
    this.#loaded = true;
    this.#listener.loaded(device);
  }
}

function expectedConfiguration(): Buffer {
  const name = Buffer.from(machineName);
  const head = Buffer.of(sectionType.configuration, 0, 0, 0, name.length);
  return Buffer.concat([head, name]);
}

function refused(expected: string): WherryError {
  return new WherryError('destination-failed', `Migration stream: expected ${expected}`);
}
