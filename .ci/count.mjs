// Reads vitest's JSON result and prints the closing line; a skipped test counts as failed, because here nothing may be skipped.
import { readFileSync } from "node:fs";

const [path, status] = process.argv.slice(2);
const result = JSON.parse(readFileSync(path, "utf8"));
const skipped = result.numPendingTests + result.numTodoTests;
const brokenFiles = result.testResults.filter(
  (file) => file.status === "failed" && file.assertionResults.length === 0,
).length;
for (const file of result.testResults) {
  for (const test of file.assertionResults) {
    if (test.status !== "passed") console.log(`${test.status}: ${test.fullName}`);
  }
}
const failed =
  result.numFailedTests +
  skipped +
  brokenFiles +
  (status !== "0" && result.numFailedTests + brokenFiles === 0 ? 1 : 0);
console.log(`${result.numPassedTests} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
