// Reads vitest's JSON results and prints the closing line; a skipped test counts as failed, because here nothing may be skipped.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [folder, status] = process.argv.slice(2);
const results = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
const files = results.flatMap((result) => result.testResults);
for (const test of files.flatMap((file) => file.assertionResults)) {
  if (test.status !== "passed") console.log(`${test.status}: ${test.fullName}`);
}
const sum = (count) => results.reduce((total, result) => total + count(result), 0);
const broken = files.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
for (const file of broken) console.log(`failed to load: ${file.name}: ${file.message}`);
const seen =
  sum((result) => result.numFailedTests + result.numPendingTests + result.numTodoTests) + broken.length;
const passed = sum((result) => result.numPassedTests);
const failed = seen === 0 && (status !== "0" || passed === 0) ? 1 : seen;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
