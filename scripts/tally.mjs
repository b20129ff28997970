import { appendFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

/**
 * `again`: tests that passed only at the second try, with what had failed at the first.
 * @typedef {{ passed: number, failed: number, skipped: number, again: readonly string[] }} Tally
 */

/** A run in which more tests than this need a second try has failed. */
const mostAgain = 2;

/**
 * Hands a runner's counts to `scripts/test.mjs`, which adds them up in its last line; alone, it does nothing.
 * @param {Tally} tally
 */
export function report(tally) {
  const file = process.env['WHERRY_TALLY_FILE'];
  if (file) appendFileSync(file, `${JSON.stringify(tally)}\n`);
}

/**
 * Under CI a test that did not run is a failure; says so and answers whether it is one.
 * @param {readonly string[]} names of the tests that did not run
 */
export function skipsFail(names) {
  if (names.length === 0 || !process.env['CI']) return false;
  console.error(`Under CI every test must run; these did not:\n${names.map((name) => `  ${name}`).join('\n')}`);
  return true;
}

/**
 * Names what passed only at the second try; answers whether that is too much of it.
 * @param {readonly string[]} again
 */
export function triesFail(again) {
  if (again.length === 0) return false;
  console.log(`Passed only at the second try:\n${again.map((text) => `  ${text}`).join('\n')}`);
  if (again.length > mostAgain) console.error(`At most ${mostAgain} may need one: this is a failure.`);
  return again.length > mostAgain;
}

/**
 * A test by its name and the first line of what failed in it.
 * @param {string} name
 * @param {string | undefined} message
 */
export function secondTry(name, message) {
  const [first] = stripVTControlCharacters(message ?? 'its failure was not reported').split('\n', 1);
  return `${name}: ${first}`;
}

/**
 * Adds up what the runners reported.
 * @param {string} lines one tally a line, as JSON
 * @returns {Tally}
 */
export function total(lines) {
  const sum = { passed: 0, failed: 0, skipped: 0, again: /** @type {string[]} */ ([]) };
  for (const line of lines.split('\n').filter(Boolean)) {
    const tally = /** @type {Tally} */ (JSON.parse(line));
    sum.passed += tally.passed;
    sum.failed += tally.failed;
    sum.skipped += tally.skipped;
    sum.again.push(...tally.again);
  }
  return sum;
}
