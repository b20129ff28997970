import {
  command,
  ramFlag,
  ramSectionName,
  ramSectionVersion,
  returnType,
  sectionType,
  streamMagic,
  streamVersion,
} from './format';

/** A RAM block as the START section lists it. */
export interface ListedBlock {
  readonly name: string;
  /** Bytes in use, a multiple of 4096. */
  readonly usedBytes: number;
}

/** Header and configuration: the first bytes of a stream. */
export function streamHead(machine: string): Buffer {
  const name = Buffer.from(machine);
  return Buffer.concat([
    u32(streamMagic),
    u32(streamVersion),
    Buffer.of(sectionType.configuration),
    u32(name.length),
    name,
  ]);
}

/** Asks the destination to talk back on the same socket. */
export function openReturnPath(): Buffer {
  return commandBytes(command.openReturnPath, Buffer.alloc(0));
}

/** Asks for a PONG with the same value. */
export function ping(value: number): Buffer {
  return commandBytes(command.ping, u32(value));
}

/** The START section of `ram` with its block list, up to and not including EOS. */
export function ramStart(sectionId: number, blocks: readonly ListedBlock[]): Buffer {
  const total = blocks.reduce((sum, block) => sum + block.usedBytes, 0);
  return Buffer.concat([
    sectionHead(sectionType.start, sectionId, ramSectionName, 0, ramSectionVersion),
    u64(total + ramFlag.memSize),
    ...blocks.flatMap(({ name, usedBytes }) => [counted(name), u64(usedBytes)]),
  ]);
}

/** The head of a PART (guest running); page records follow, then `ramSectionEnd`. */
export function ramPart(sectionId: number): Buffer {
  return Buffer.concat([Buffer.of(sectionType.part), u32(sectionId)]);
}

/** The head of the END (guest stopped); page records follow, then `ramSectionEnd`. */
export function ramEnd(sectionId: number): Buffer {
  return Buffer.concat([Buffer.of(sectionType.end), u32(sectionId)]);
}

/** Closes a START, PART or END of `ram`: the EOS word and the footer. */
export function ramSectionEnd(sectionId: number): Buffer {
  return Buffer.concat([u64(ramFlag.eos), footer(sectionId)]);
}

/** The head of a device's SECTION_FULL; its state follows, then `footer`. */
export function deviceHead(sectionId: number, name: string, instance: number, version: number): Buffer {
  return sectionHead(sectionType.full, sectionId, name, instance, version);
}

/** What closes every section. */
export function footer(sectionId: number): Buffer {
  return Buffer.concat([Buffer.of(sectionType.footer), u32(sectionId)]);
}

/** The byte after the last section. */
export function endOfStream(): Buffer {
  return Buffer.of(sectionType.eof);
}

/** The destination's answer to `ping`, on the return path. */
export function pong(value: number): Buffer {
  return returnMessage(returnType.pong, value);
}

/** The destination's last word on the return path: 0 when it loaded everything and runs. */
export function shut(status: number): Buffer {
  return returnMessage(returnType.shut, status);
}

function returnMessage(type: number, value: number): Buffer {
  return Buffer.concat([u16(type), u16(4), u32(value)]);
}

function commandBytes(number: number, data: Buffer): Buffer {
  return Buffer.concat([Buffer.of(sectionType.command), u16(number), u16(data.length), data]);
}

function sectionHead(type: number, sectionId: number, name: string, instance: number, version: number): Buffer {
  return Buffer.concat([Buffer.of(type), u32(sectionId), counted(name), u32(instance), u32(version)]);
}

function counted(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
