import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { givenAddress, type Input } from './given-address';

const text = `wherry://beta:4711?token=${'5e'.repeat(32)}`;

function fileWith(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'pairing'), content);
  return join(folder, 'pairing');
}

const from = (...chunks: readonly string[]): Readable => Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
const nothing = from();

describe('an address on the command line', () => {
  it.each(['/run/vm.qmp', 'tcp:beta:4444', text])('that is one is that: %s', async (word) => {
    expect(await givenAddress('--to', word, nothing)).toBe(word);
  });

  it.each([
    ['alone', text],
    ['with a line end', `${text}\n`],
    ['with the other line end', `${text}\r\n`],
    ['after those that were used', `wherry://beta:4711?token=old\n${text}\n\n`],
    ['among what a receiver says', `Listening on beta.\n  ${text}\nKeep it secret.\n`],
  ])('may be a file or standard input with the text %s', async (_, content) => {
    expect(await givenAddress('--to', `@${fileWith(content)}`, nothing)).toBe(text);
    expect(await givenAddress('--to', '-', from(content.slice(0, 20), content.slice(20)))).toBe(text);
  });

  it('may be typed: one line of a terminal is all', async () => {
    let asked = 0;
    const typed = new Readable({
      highWaterMark: 1,
      read() {
        this.push(`${text}\n`);
        asked += 1;
      },
    });
    const terminal: Input = Object.assign(typed, { isTTY: true });
    expect(await givenAddress('--to', '-', terminal)).toBe(text);
    expect(asked).toBeLessThan(4);
  });

  it.each([
    ['nothing', '', 'expected a line that is a pairing text (wherry://…), found none'],
    ['other lines', ' \nsomething\n', 'found none'],
    ['too much', `${'x'.repeat(2 ** 20)}\n${text}`, 'got a mebibyte of something'],
  ])('is refused where there is %s', async (_, content, message) => {
    const path = `@${fileWith(content)}`;
    for (const [word, input] of [
      [path, nothing],
      ['-', from(content)],
    ] as const) {
      const refusal = givenAddress('--to', word, input);
      await expect(refusal).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining(message) as string,
      });
      await expect(refusal).rejects.toThrow(`--to ${word}: `);
      await expect(refusal).rejects.not.toThrow('5e5e');
    }
  });

  it('is refused, by its name, where there is no such file', async () => {
    await expect(givenAddress('--to', '@/nowhere/at/all', nothing)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/^--to @\/nowhere\/at\/all: there is nothing at that path/) as string,
    });
  });

  it('that never ends is not read to its end', async () => {
    const endless = new Readable({
      read() {
        this.push('x'.repeat(65536));
      },
    });
    await expect(givenAddress('--to', '-', endless)).rejects.toMatchObject({ code: 'usage' });
  });
});
