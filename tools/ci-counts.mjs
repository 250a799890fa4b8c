/** Prints the counts of a Jest JSON report in one line; a suite that could not run counts as a failed test. */
import { readFileSync } from 'node:fs';

const report = (() => {
  try {
    return JSON.parse(readFileSync(process.argv[2], 'utf8'));
  } catch {
    return {};
  }
})();
const passed = report.numPassedTests ?? 0;
const failed = (report.numFailedTests ?? 1) + (report.numRuntimeErrorTestSuites ?? 0);
const skipped = (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
