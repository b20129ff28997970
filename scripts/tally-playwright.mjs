import { report, secondTry, skipsFail } from './tally.mjs';

/** @typedef {import('@playwright/test/reporter').Reporter} Reporter */

/**
 * Playwright reporter: counts tests, and fails the run under CI when one did not run.
 * @implements {Reporter}
 */
export default class TallyPlaywright {
  /** @type {import('@playwright/test/reporter').Suite | undefined} */
  #suite;

  /**
   * @param {import('@playwright/test/reporter').FullConfig} _config
   * @param {import('@playwright/test/reporter').Suite} suite
   */
  onBegin(_config, suite) {
    this.#suite = suite;
  }

  /** @returns {Promise<{ status: 'failed' } | undefined>} */
  async onEnd() {
    const tests = this.#suite?.allTests() ?? [];
    const notRun = tests.filter((test) => test.outcome() === 'skipped');
    const failed = tests.filter((test) => test.outcome() === 'unexpected').length;
    const again = tests.filter((test) => test.outcome() === 'flaky');
    report({
      passed: tests.length - notRun.length - failed,
      failed,
      skipped: notRun.length,
      again: again.map((test) => secondTry(nameOf(test), test.results[0]?.error?.message)),
    });
    const fails = skipsFail(notRun.map(nameOf));
    return Promise.resolve(fails ? { status: 'failed' } : undefined);
  }
}

/** @param {import('@playwright/test/reporter').TestCase} test */
function nameOf(test) {
  return test.titlePath().filter(Boolean).join(' › ');
}
