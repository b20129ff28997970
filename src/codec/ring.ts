import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sharedMemory, temporaryName } from '../host/temporary';
import { WherryError } from '../shared/failure';
import type { RingShape } from './job';

/**
 * Where a slot is in its life, kept by the engine; it says who may touch the slot's bytes.
 *
 *     free ──▶ filling ──▶ busy ──▶ draining ──▶ free
 *     engine   engine      worker   engine
 *
 * `busy` starts when the engine posts the job and ends when the worker's answer arrives (or the worker is dead: the
 * input region is then as the engine left it, since workers only read it, and the job can be redone elsewhere).
 */
export type SlotState = 'free' | 'filling' | 'busy' | 'draining';

/** The bytes a ring writes from or reads into: views, never copies. */
type Bytes = Uint8Array;

/**
 * A file of equal slots that the engine and one worker share. Each slot has an input region (engine writes, worker
 * reads) and an output region (worker writes, engine reads). It lies in /dev/shm, or in the directory for temporary
 * files where there is none or no room; both sides then move bytes by positioned writes and reads.
 */
export class Ring {
  private constructor(
    readonly path: string,
    readonly shape: RingShape,
    private fd: number | undefined,
  ) {}

  /** Makes a ring and reserves all of it, so that memory cannot run out later. Throws `worker` where it cannot. */
  static create(shape: RingShape): Ring {
    const problems: string[] = [];
    for (const folder of [sharedMemory, tmpdir()]) {
      const path = join(folder, temporaryName());
      try {
        return new Ring(path, shape, reserve(path, ringBytes(shape)));
      } catch (error) {
        problems.push(String(error));
      }
    }
    throw new WherryError('worker', `no room for a ring of ${ringBytes(shape)} bytes: ${problems.join('; ')}`);
  }

  /** Opens a ring that the engine made; throws `worker` if it is not one of this shape. */
  static open(path: string, shape: RingShape): Ring {
    let fd: number | undefined;
    try {
      fd = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_NOFOLLOW);
      const { size } = fs.fstatSync(fd);
      if (size !== ringBytes(shape)) throw new Error(`expected ${ringBytes(shape)} bytes, found ${size}`);
      return new Ring(path, shape, fd);
    } catch (error) {
      if (fd !== undefined) fs.closeSync(fd);
      throw new WherryError('worker', `ring ${path} cannot be opened: ${String(error)}`, { cause: error });
    }
  }

  /** Takes the file's name away once the worker is ready, so that nothing stays behind whatever dies next. */
  unlink(): void {
    fs.rmSync(this.path, { force: true });
  }

  close(): void {
    if (this.fd !== undefined) fs.closeSync(this.fd);
    this.fd = undefined;
  }

  /** Engine, slot `filling`. */
  writeIn(slot: number, at: number, bytes: Bytes): void {
    this.write(this.position('in', slot, at, bytes.length), bytes);
  }

  /** Worker, slot `busy`. Fills all of `target`. */
  readIn(slot: number, at: number, target: Bytes): void {
    this.read(this.position('in', slot, at, target.length), target);
  }

  /** Worker, slot `busy`. */
  writeOut(slot: number, at: number, bytes: Bytes): void {
    this.write(this.position('out', slot, at, bytes.length), bytes);
  }

  /** Engine, slot `draining`. Fills all of `target`. */
  readOut(slot: number, at: number, target: Bytes): void {
    this.read(this.position('out', slot, at, target.length), target);
  }

  private position(region: 'in' | 'out', slot: number, at: number, length: number): number {
    const { slots, inBytes, outBytes } = this.shape;
    const size = region === 'in' ? inBytes : outBytes;
    const inside = Number.isInteger(slot) && slot >= 0 && slot < slots && Number.isInteger(at) && at >= 0;
    if (!inside || at + length > size) {
      throw new WherryError(
        'worker',
        `ring of ${slots} slots, ${region} ${size} bytes: no ${length} bytes at ${at} of slot ${slot}`,
      );
    }
    return slot * (inBytes + outBytes) + (region === 'in' ? 0 : inBytes) + at;
  }

  private write(position: number, bytes: Bytes): void {
    const fd = this.open();
    for (let done = 0; done < bytes.length;) {
      done += fs.writeSync(fd, bytes, done, bytes.length - done, position + done);
    }
  }

  private read(position: number, target: Bytes): void {
    const fd = this.open();
    for (let done = 0; done < target.length;) {
      const got = fs.readSync(fd, target, done, target.length - done, position + done);
      if (got === 0) throw new WherryError('worker', `ring ${this.path} ends before ${position + target.length} bytes`);
      done += got;
    }
  }

  private open(): number {
    if (this.fd === undefined) throw new WherryError('worker', `ring ${this.path} is closed`);
    return this.fd;
  }
}

function ringBytes({ slots, inBytes, outBytes }: RingShape): number {
  return slots * (inBytes + outBytes);
}

/** Creates the file for this user alone and writes all of it: a sparse file would fail later, in the middle of a run. */
function reserve(path: string, bytes: number): number {
  const { O_RDWR, O_CREAT, O_EXCL } = fs.constants;
  const fd = fs.openSync(path, O_RDWR | O_CREAT | O_EXCL, 0o600);
  try {
    const zeros = Buffer.alloc(Math.min(bytes, 2 ** 20));
    for (let at = 0; at < bytes;) at += fs.writeSync(fd, zeros, 0, Math.min(zeros.length, bytes - at), at);
    return fd;
  } catch (error) {
    fs.closeSync(fd);
    fs.rmSync(path, { force: true });
    throw error;
  }
}
