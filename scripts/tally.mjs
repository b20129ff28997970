import { appendFileSync } from 'node:fs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Tally */

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
 * Adds up what the runners reported.
 * @param {string} lines one tally a line, as JSON
 * @returns {Tally}
 */
export function total(lines) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const line of lines.split('\n').filter(Boolean)) {
    const tally = /** @type {Tally} */ (JSON.parse(line));
    sum.passed += tally.passed;
    sum.failed += tally.failed;
    sum.skipped += tally.skipped;
  }
  return sum;
}
