/** Prints the counts of Jest JSON reports in one line; a suite that could not run counts as a failed test. */
import { readFileSync } from 'node:fs';

function counts(path) {
  const report = (() => {
    try {
      return JSON.parse(readFileSync(path, 'utf8'));
    } catch {
      return {};
    }
  })();
  return {
    passed: report.numPassedTests ?? 0,
    failed: (report.numFailedTests ?? 1) + (report.numRuntimeErrorTestSuites ?? 0),
    skipped: (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0),
  };
}

const all = process.argv.slice(2).map(counts);
const sum = (name) => all.reduce((total, report) => total + report[name], 0);
console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
