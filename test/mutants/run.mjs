// `npm run mutants [-- WORD ...]`: removes one guard after the other (those whose name has one of the words) and runs the tests that should
// notice. Prints what killed each; a survivor makes exit 1. `--jobs N` at a time (2); `--some N`: only every N-th, others each day;
// `--trusting`: without running the tests once with nothing removed, which comes first.

import { fork, spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { mutantsOf } from "./mutants.mjs";

const root = join(import.meta.dirname, "../..");
const { values, positionals } = parseArgs({
  options: {
    jobs: { type: "string", default: "2" },
    some: { type: "string", default: "1" },
    trusting: { type: "boolean", default: false },
  },
  allowPositionals: true,
});

if (spawnSync(process.execPath, ["build.mjs", "--if-changed"], { cwd: root, stdio: "inherit" }).status !== 0)
  process.exit(2);
const { KINDS } = await import(join(root, "dist/plan/steps/index.js"));

const every = Number(values.some);
const today = Math.floor(Date.now() / 86_400_000);
const mutants = mutantsOf(KINDS)
  .filter(({ id }) => positionals.length === 0 || positionals.some((word) => id.includes(word)))
  .filter((_, index) => (index + today) % every === 0);

/** Answers what the next message of the process says. */
const ask = (child, question) =>
  new Promise((resolve, reject) => {
    const ended = (code) => reject(new Error(`a process that tries mutants ended with ${code}`));
    child.once("exit", ended);
    child.once("message", (answer) => {
      child.off("exit", ended);
      resolve(answer);
    });
    if (question !== null) child.send(question);
  });

const survivors = [];
const faults = [];
const queue = [...mutants];
const width = Math.max(...mutants.map(({ id }) => id.length));

async function work() {
  const child = fork(join(import.meta.dirname, "try.mjs"), { cwd: root, silent: true });
  await ask(child, null);
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { id } = next;
    const { killer, fault } = await ask(child, { id });
    if (fault !== undefined) faults.push(id);
    else if (killer === null) survivors.push(id);
    console.log(
      `${id.padEnd(width)}  ${fault === undefined ? (killer ?? "SURVIVED") : `COULD NOT BE TRIED: ${fault}`}`,
    );
  }
  child.disconnect();
}

/** The tests themselves: where one fails with nothing removed, it would seem to kill every mutant. */
async function untouched() {
  const child = fork(join(import.meta.dirname, "try.mjs"), { cwd: root, silent: true });
  await ask(child, null);
  const tests = [...new Set(mutants.flatMap((mutant) => mutant.tests.flat()))];
  const { killer, fault } = await ask(child, { id: null, tests });
  child.disconnect();
  return fault ?? killer;
}

const began = Date.now();
const failed = values.trusting ? null : await untouched();
if (failed !== null) {
  console.error(`a test fails though nothing was removed: ${failed}`);
  process.exit(2);
}
await Promise.all(Array.from({ length: Number(values.jobs) }, work));
console.log(
  `${mutants.length} guards removed in ${Math.round((Date.now() - began) / 1000)} s: ${mutants.length - survivors.length - faults.length} killed, ${survivors.length} survived, ${faults.length} could not be tried`,
);
for (const id of [...survivors, ...faults].sort()) console.log(`  ${id}`);
process.exit(survivors.length + faults.length === 0 ? 0 : 1);
