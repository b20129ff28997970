import { WherryError } from '../shared/failure';
import { workloads } from '../shared/guest';
import { sectionType } from '../engine/stream/format';
import { deviceHead, endOfStream, footer } from '../engine/stream/write';
import { maxRate, type WorkloadState } from './workload';

/*
 * The guest's only device besides memory, as a SECTION_FULL behind `ram`:
 *   u8 workload (index in `workloads`) · u8 1 if the guest ran · u16 0 · u32 seed · u64 counter · u32 rate
 */
const name = 'wherry-guest';
const version = 1;
const sectionId = 3;
const stateBytes = 20;

/** The machine's name in the stream's configuration section. */
export const machineName = 'wherry-guest';

/** What the built-in guest has beside its memory: where its workload goes on from. */
export interface DeviceState {
  readonly workload: WorkloadState;
  /** Whether the guest ran when its migration began to finish; it goes on as it was. */
  readonly ran: boolean;
}

const head = deviceHead(sectionId, name, 0, version);

/** Bytes from the end of `ram` to the end of the stream. */
export const deviceSectionBytes = head.length + stateBytes + footer(sectionId).length + 1;

/** The device section and the end of the stream. */
export function encodeDevice({ workload, ran }: DeviceState): Buffer {
  const state = Buffer.alloc(stateBytes);
  state.writeUInt8(workloads.indexOf(workload.workload), 0);
  state.writeUInt8(ran ? 1 : 0, 1);
  state.writeUInt32BE(workload.seed, 4);
  state.writeBigUInt64BE(BigInt(workload.counter), 8);
  state.writeUInt32BE(workload.rate, 16);
  return Buffer.concat([head, state, footer(sectionId), endOfStream()]);
}

/** Reads what `encodeDevice` wrote. @throws WherryError `destination-failed` naming what is wrong */
export function decodeDevice(bytes: Buffer): DeviceState {
  const type = bytes[0] ?? sectionType.eof;
  if (bytes.length !== deviceSectionBytes) throw refused(`${deviceSectionBytes} bytes, got ${bytes.length}`);
  if (!bytes.subarray(0, head.length).equals(head)) {
    throw refused(`section '${name}' version ${version}, got a section of type ${type} with another head`);
  }
  const state = bytes.subarray(head.length, head.length + stateBytes);
  const tail = bytes.subarray(head.length + stateBytes);
  if (!tail.equals(Buffer.concat([footer(sectionId), endOfStream()]))) throw refused('footer and end of stream');
  const workload = workloads[state.readUInt8(0)];
  if (workload === undefined) throw refused(`a workload below ${workloads.length}, got ${state.readUInt8(0)}`);
  const ran = state.readUInt8(1);
  if (ran > 1 || state.readUInt16BE(2) !== 0) throw refused('a run flag of 0 or 1 and zero padding');
  const counter = state.readBigUInt64BE(8);
  if (counter > BigInt(Number.MAX_SAFE_INTEGER)) throw refused(`a counter below 2^53, got ${counter}`);
  const rate = state.readUInt32BE(16);
  if (rate > maxRate) throw refused(`a rate up to ${maxRate}, got ${rate}`);
  return { workload: { workload, seed: state.readUInt32BE(4), counter: Number(counter), rate }, ran: ran === 1 };
}

function refused(expected: string): WherryError {
  return new WherryError('destination-failed', `Device '${name}': expected ${expected}`);
}
