import { report, skipsFail } from './tally.mjs';

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
    report({ passed: tests.length - notRun.length - failed, failed, skipped: notRun.length });
    const fails = skipsFail(notRun.map((test) => test.titlePath().filter(Boolean).join(' › ')));
    return Promise.resolve(fails ? { status: 'failed' } : undefined);
  }
}
