import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Redraw } from './redraw';

/** A terminal that understands what `Redraw` writes, and nothing else. */
class Screen extends Writable {
  columns = 20;
  lines: string[] = [];
  #row = 0;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    for (const [token] of String(chunk).matchAll(/\p{Cc}\[\??\d*[A-Za-z]|\n|\r|\P{Cc}+/gu)) this.#obey(token);
    done();
  }

  /** Breaks the rows that are too long now, as terminals do. */
  narrow(columns: number): void {
    this.columns = columns;
    this.lines = this.lines.flatMap((row) =>
      row === '' ? [''] : (row.match(new RegExp(`.{1,${columns}}`, 'g')) ?? []),
    );
    this.#row = this.lines.length;
  }

  #obey(token: string): void {
    const up = /^\p{Cc}\[(\d+)A$/u.exec(token);
    if (up) this.#row -= Number(up[1]);
    else if (token === '\n') this.#row += 1;
    else if (token === '\u001b[J') this.lines.length = Math.min(this.lines.length, this.#row);
    else if (!token.startsWith('\u001b') && token !== '\r') this.lines[this.#row] = token;
    else if (!['\r', '\u001b[K', '\u001b[?2026h', '\u001b[?2026l'].includes(token)) throw new Error(`wrote ${token}`);
    if (this.#row < 0) throw new Error('above the top');
  }
}

function onScreen(): { readonly screen: Screen; readonly redraw: Redraw } {
  const screen = new Screen();
  screen.write('$ wherry\n');
  return { screen, redraw: new Redraw(screen) };
}

describe('Redraw', () => {
  it('draws in the same place, whether lines come, go or change', () => {
    const frame = fc.array(fc.constantFrom('a', 'bb', 'ccc'), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(frame), (frames) => {
        const { screen, redraw } = onScreen();
        for (const lines of frames) {
          redraw.draw(lines);
          expect(screen.lines).toEqual(['$ wherry', ...lines]);
        }
        redraw.clear();
        expect(screen.lines).toEqual(['$ wherry']);
      }),
    );
  });

  it('puts what stays above what is drawn again', () => {
    const { screen, redraw } = onScreen();
    redraw.draw(['state', 'left']);
    redraw.above('Cancelling');
    redraw.draw(['state']);
    redraw.above('two\nlines');
    expect(screen.lines).toEqual(['$ wherry', 'Cancelling', 'two', 'lines', 'state']);
  });

  it('finds its place again in a terminal that became narrower', () => {
    const { screen, redraw } = onScreen();
    redraw.draw(['a line of 20 columns', 'short', 'one of 19 columns..']);
    screen.narrow(10);
    expect(screen.lines).toHaveLength(6);
    redraw.draw(['narrow now']);
    expect(screen.lines).toEqual(['$ wherry', 'narrow now']);
  });
});
