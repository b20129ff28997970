/**
 * A very small x86 assembler: exactly the instructions the sample guest needs, each a method named after its mnemonic,
 * encoded as the processor manuals' opcode tables say. Operands are register names, numbers, and the memory forms made
 * by `cell` (a variable at a short distance from ebp) and `at` (a byte a register points to). Labels may be used
 * before they are defined; `finish` fills them in.
 *
 * @typedef {'eax' | 'ecx' | 'edx' | 'ebx' | 'esp' | 'ebp' | 'esi' | 'edi'} Register
 * @typedef {{ readonly mod: number, readonly rm: number, readonly tail: readonly number[] }} Memory
 * @typedef {{ readonly at: number, readonly label: string, readonly bytes: 1 | 2 | 4, readonly relative: boolean }} Fixup
 */

/** @type {readonly Register[]} */
const registers = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];

/** Arithmetic of the `op r/m32, r32` family: opcode is this number * 8 + 1; the number is also the `/n` of 81 and 83. */
const arithmetic = { add: 0, or: 1, adc: 2, and: 4, sub: 5, xor: 6, cmp: 7 };

/** Rotates and shifts by a constant: the `/n` of opcode C1. */
const shifts = { rol: 0, shl: 4, shr: 5 };

/** Conditional jumps with a one-byte distance. */
const jumps = { jb: 0x72, jae: 0x73, je: 0x74, jne: 0x75, jmp: 0xeb, loop: 0xe2, jecxz: 0xe3 };

/** Instructions that are just their opcode. */
const plain = {
  cli: [0xfa],
  sti: [0xfb],
  cld: [0xfc],
  hlt: [0xf4],
  ret: [0xc3],
  iret: [0xcf],
  stosd: [0xab],
  repStosd: [0xf3, 0xab],
  inAlDx: [0xec],
  inEaxDx: [0xed],
  outDxAl: [0xee],
};

/** Instructions on al (one on dl) with one constant byte, which for `in` and `out` is a port number. */
const withByte = {
  movAl: 0xb0,
  movDl: 0xb2,
  andAl: 0x24,
  addAl: 0x04,
  orAl: 0x0c,
  subAl: 0x2c,
  cmpAl: 0x3c,
  testAl: 0xa8,
  inAl: 0xe4,
  outAl: 0xe6,
};

/**
 * The variable `distance` bytes after ebp.
 * @param {number} distance @returns {Memory}
 */
export const cell = (distance) => ({ mod: 1, rm: registers.indexOf('ebp'), tail: [distance & 0xff] });

/**
 * The byte that `register` (neither esp nor ebp) points to.
 * @param {Register} register @returns {Memory}
 */
export const at = (register) => ({ mod: 0, rm: registers.indexOf(register), tail: [] });

/** Whether a signed byte can hold it. @param {number} value */
const isSmall = (value) => value >= -128 && value <= 127;

/** @param {number} value @returns {number[]} */
const dword = (value) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff];

/**
 * Register numbers and the two shared operand bytes.
 * @param {number} middle @param {Register | Memory} operand @returns {number[]}
 */
function modRm(middle, operand) {
  if (typeof operand === 'string') return [0xc0 | (middle << 3) | registers.indexOf(operand)];
  return [(operand.mod << 6) | (middle << 3) | operand.rm, ...operand.tail];
}

/**
 * Starts an assembly whose first byte will be at address `origin`.
 * @param {number} origin
 */
export function assembler(origin) {
  /** @type {number[]} */
  const code = [];
  /** @type {Map<string, number>} */
  const labels = new Map();
  /** @type {Fixup[]} */
  const fixups = [];

  /** @param {...number} bytes */
  const db = (...bytes) => void code.push(...bytes);
  /** @param {...number} values */
  const dd = (...values) => db(...values.flatMap(dword));
  /** @param {string} label @param {1 | 2 | 4} bytes @param {boolean} relative */
  const reference = (label, bytes, relative) => {
    fixups.push({ at: code.length, label, bytes, relative });
    db(...dword(0).slice(0, bytes));
  };
  /** @param {string} name */
  const label = (name) => {
    if (labels.has(name)) throw new Error(`label ${name} is defined twice`);
    labels.set(name, origin + code.length);
  };
  /** @param {string} name @returns {number} */
  const addressOf = (name) => {
    const address = labels.get(name);
    if (address === undefined) throw new Error(`no label ${name}`);
    return address;
  };

  const moves = {
    /** @param {Register | Memory} to @param {Register | Memory | number} from */
    mov(to, from) {
      if (typeof to === 'string' && typeof from === 'number') return (db(0xb8 + registers.indexOf(to)), dd(from));
      if (typeof from === 'number') return (db(0xc7, ...modRm(0, to)), dd(from));
      if (typeof from === 'string') return db(0x89, ...modRm(registers.indexOf(from), to));
      if (typeof to === 'string') return db(0x8b, ...modRm(registers.indexOf(to), from));
      throw new Error('mov: one side must be a register');
    },
    /** `register = dword [label + index * 8 + plus]` @param {Register} to @param {string} from @param {Register} index */
    movFromTable(to, from, index) {
      db(0x8b, (registers.indexOf(to) << 3) | 4, 0xc0 | (registers.indexOf(index) << 3) | 5);
      reference(from, 4, false);
    },
    /** @param {Register} to */
    movzxFromAl: (to) => db(0x0f, 0xb6, ...modRm(registers.indexOf(to), 'eax')),
    /** @param {Register} register @param {Memory} memory */
    xchg: (register, memory) => db(0x87, ...modRm(registers.indexOf(register), memory)),
    /** @param {Register} register */
    push: (register) => db(0x50 + registers.indexOf(register)),
    /** @param {Register} register */
    pop: (register) => db(0x58 + registers.indexOf(register)),
    /** Loads ds, es and ss from ax. */
    movDataSegmentsAx: () => db(0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0),
  };

  const sums = {
    /** `edx:eax = eax * register` @param {Register} register */
    mul: (register) => db(0xf7, ...modRm(4, register)),
    /** `to = from * factor` @param {Register} to @param {Memory} from @param {number} factor */
    imul: (to, from, factor) => db(0x6b, ...modRm(registers.indexOf(to), from), factor),
    /** @param {Register | Memory} operand */
    incDword: (operand) => db(0xff, ...modRm(0, operand)),
    /** @param {Memory} operand */
    incByte: (operand) => db(0xfe, ...modRm(0, operand)),
    /** @param {Register} a @param {Register} b */
    test: (a, b) => db(0x85, ...modRm(registers.indexOf(b), a)),
    ...mapValues(
      arithmetic,
      (number) => /** @param {Register | Memory} to @param {Register | Memory | number} from */ (to, from) => {
        if (typeof from === 'number' && isSmall(from)) return db(0x83, ...modRm(number, to), from & 0xff);
        if (typeof from === 'number') return (db(0x81, ...modRm(number, to)), dd(from));
        if (typeof from === 'string') return db(number * 8 + 1, ...modRm(registers.indexOf(from), to));
        if (typeof to === 'string') return db(number * 8 + 3, ...modRm(registers.indexOf(to), from));
        throw new Error('arithmetic: one side must be a register');
      },
    ),
    ...mapValues(
      shifts,
      (number) => /** @param {Register} register @param {number} by */ (register, by) =>
        db(0xc1, ...modRm(number, register), by),
    ),
  };

  const flow = {
    /** @param {string} to */
    call: (to) => (db(0xe8), reference(to, 4, true)),
    ...mapValues(jumps, (opcode) => /** @param {string} to */ (to) => (db(opcode), reference(to, 1, true))),
  };

  const system = {
    /** In 16-bit code: loads the GDT register from a label. @param {string} from */
    lgdt16: (from) => (db(0x0f, 0x01, 0x16), reference(from, 2, false)),
    /** @param {string} from */
    lidt: (from) => (db(0x0f, 0x01, 0x1d), reference(from, 4, false)),
    /** In 16-bit code: sets cr0's protection bit and goes on at `to` in 32-bit code. @param {string} to @param {number} selector */
    enterProtectedMode(to, selector) {
      db(0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0, 0xea);
      reference(to, 2, false);
      db(selector & 0xff, selector >>> 8);
    },
  };

  /** The bytes, every label filled in. */
  const finish = () => {
    for (const { at: place, label: name, bytes, relative } of fixups) {
      const value = relative ? addressOf(name) - (origin + place + bytes) : addressOf(name);
      if (bytes === 1 && !isSmall(value)) throw new Error(`${name} is too far: ${value}`);
      dword(value)
        .slice(0, bytes)
        .forEach((byte, i) => (code[place + i] = byte));
    }
    return Buffer.from(code);
  };

  return {
    db,
    dd,
    label,
    addressOf,
    address: /** @param {string} name */ (name) => reference(name, 4, false),
    /** The address's lower half. */
    address16: /** @param {string} name */ (name) => reference(name, 2, false),
    finish,
    ...moves,
    ...sums,
    ...flow,
    ...system,
    ...mapValues(plain, (bytes) => () => db(...bytes)),
    ...mapValues(withByte, (opcode) => /** @param {number} byte */ (byte) => db(opcode, byte)),
  };
}

/**
 * @template {Record<string, unknown>} T @template R
 * @param {T} object @param {(value: T[keyof T]) => R} change
 * @returns {{ [K in keyof T]: R }}
 */
function mapValues(object, change) {
  return /** @type {{ [K in keyof T]: R }} */ (
    Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(/** @type {T[keyof T]} */ (value))]))
  );
}
