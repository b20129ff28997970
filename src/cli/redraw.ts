import wrapAnsi from 'wrap-ansi';
import { sizeOf, type TextStream } from './streams';

/** Control sequences of ECMA-48; the last two hold a terminal that knows them back until all has been written. */
const codes = {
  up: (rows: number): string => (rows === 0 ? '' : `\u001b[${rows}A`),
  clearToLineEnd: '\u001b[K',
  clearBelow: '\u001b[J',
  begin: '\u001b[?2026h',
  end: '\u001b[?2026l',
} as const;

/**
 * Lines at the foot of a terminal that are drawn again and again in the same place. Each is written over the one before
 * it, and nothing is cleared first, so that nothing flickers.
 */
export class Redraw {
  #drawn: readonly string[] = [];

  constructor(private readonly terminal: TextStream) {}

  /** @param lines each narrower than the terminal, so that none is broken by it */
  draw(lines: readonly string[]): void {
    const { up, clearBelow } = codes;
    this.#write(`${up(this.#rows())}\r${written(lines)}${clearBelow}`);
    this.#drawn = lines;
  }

  /** Writes a line that stays, above those that are drawn again. */
  above(line: string): void {
    const { up, clearBelow } = codes;
    const lines = [...line.split('\n'), ...this.#drawn];
    this.#write(`${up(this.#rows())}\r${written(lines)}${clearBelow}`);
  }

  /** Takes the lines away. */
  clear(): void {
    if (this.#drawn.length > 0) this.#write(`${codes.up(this.#rows())}\r${codes.clearBelow}`);
    this.#drawn = [];
  }

  /** The terminal's rows that they take now: one that was made narrower since has broken lines into several. */
  #rows(): number {
    const { columns } = sizeOf(this.terminal);
    const broken = (line: string): number =>
      wrapAnsi(line, columns, { hard: true, trim: false, wordWrap: false }).split('\n').length;
    return this.#drawn.reduce((rows, line) => rows + broken(line), 0);
  }

  #write(text: string): void {
    this.terminal.write(`${codes.begin}${text}${codes.end}`);
  }
}

function written(lines: readonly string[]): string {
  return lines.map((line) => `${line}${codes.clearToLineEnd}\n`).join('');
}
