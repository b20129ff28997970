import { report, secondTry, skipsFail } from './tally.mjs';

/** @typedef {import('vitest/reporters').Reporter} Reporter */

/**
 * Vitest reporter: counts tests, and fails the run under CI when one did not run.
 * @implements {Reporter}
 */
export default class TallyVitest {
  /** @param {readonly import('vitest/node').TestModule[]} modules */
  onTestRunEnd(modules) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    /** @param {string} state */
    const inState = (state) => tests.filter((test) => test.result().state === state);
    const unloadable = modules.filter((module) => module.errors().length > 0).length;
    const notRun = [...inState('skipped'), ...inState('pending')];
    const again = inState('passed').filter((test) => test.diagnostic()?.flaky === true);
    report({
      passed: inState('passed').length,
      failed: inState('failed').length + unloadable,
      skipped: notRun.length,
      again: again.map((test) => secondTry(test.fullName, test.result().errors?.[0]?.message)),
    });
    if (skipsFail(notRun.map((test) => test.fullName))) process.exitCode = 1;
  }
}
