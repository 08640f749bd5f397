// `npm run mutants [-- WORD ...]`: removes one guard after the other (those whose name has one of the words) and runs the tests that should
// notice, first the one that noticed last time (killers.json). Prints what killed each; a survivor makes exit 1.
// `--list` removes none, and prints them all with the test that is known to notice, or that none is. `--some N`: only every N-th, others each
// day; `--handful`: a few of each family, by the known tests, as CI does it; `--near`: only the known and the nearest tests; `--new`: only those
// of which no test is known; `--jobs N` at a time (2); `--write`: keeps what was seen in killers.json; `--trusting`: without running the tests
// once with nothing removed, which comes first.

import { fork, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { HANDFUL, mutantsOf } from "./mutants.mjs";

const root = join(import.meta.dirname, "../..");
const flag = { type: "boolean", default: false };
const { values, positionals } = parseArgs({
  options: {
    jobs: { type: "string", default: "2" },
    some: { type: "string", default: "1" },
    list: flag,
    handful: flag,
    near: flag,
    new: flag,
    write: flag,
    trusting: flag,
  },
  allowPositionals: true,
});

if (spawnSync(process.execPath, ["build.mjs", "--if-changed"], { cwd: root, stdio: "inherit" }).status !== 0)
  process.exit(2);
const { KINDS } = await import(join(root, "dist/plan/steps/index.js"));

const KILLERS = join(import.meta.dirname, "killers.json");
const readKillers = () => JSON.parse(readFileSync(KILLERS, "utf8"));
const killers = readKillers();
/** `file: name` of the test that noticed when it was last tried, as a list of tests to begin with. */
const known = (id) => (killers[id] === undefined ? [] : [[killers[id]]]);
const testsOf = ({ id, tests, near = 1 }) => {
  if (values.handful) return known(id);
  return [...known(id), ...(values.near ? tests.slice(0, near) : tests)];
};

const every = Number(values.some);
const today = Math.floor(Date.now() / 86_400_000);
const all = mutantsOf(KINDS);
const mutants = all
  .filter(({ id }) => positionals.length === 0 || positionals.some((word) => id.includes(word)))
  .filter(({ id }) => !values.handful || HANDFUL.includes(id))
  .filter(({ id }) => !values.new || killers[id] === undefined)
  .filter((_, index) => (index + today) % every === 0)
  .map((mutant) => ({ ...mutant, tests: testsOf(mutant) }));
const width = Math.max(...mutants.map(({ id }) => id.length));

if (values.list) {
  for (const { id } of mutants)
    console.log(`${id.padEnd(width)}  ${killers[id] ?? "no test is known to notice"}`);
  const seen = mutants.filter(({ id }) => killers[id] !== undefined).length;
  console.log(`${mutants.length} guards: ${seen} that a test is known to miss, ${mutants.length - seen} not`);
  process.exit(0);
}

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

async function work() {
  const child = fork(join(import.meta.dirname, "try.mjs"), { cwd: root, silent: true });
  await ask(child, null);
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { id, tests } = next;
    const { killer, fault } = await ask(child, { id, tests });
    if (fault !== undefined) faults.push(id);
    else if (killer === null) survivors.push(id);
    if (fault === undefined && values.write) keep(id, killer);
    console.log(
      `${id.padEnd(width)}  ${fault === undefined ? (killer ?? "SURVIVED") : `COULD NOT BE TRIED: ${fault}`}`,
    );
  }
  child.disconnect();
}

/** At once: a run of hours may be ended. Guards that are no more are forgotten. */
function keep(id, killer) {
  const kept = { ...readKillers(), [id]: killer ?? undefined };
  const entries = all.flatMap((mutant) =>
    kept[mutant.id] === undefined ? [] : [[mutant.id, kept[mutant.id]]],
  );
  writeFileSync(KILLERS, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
}

/** The tests themselves: where one fails with nothing removed, it would seem to kill every mutant. */
async function untouched() {
  const child = fork(join(import.meta.dirname, "try.mjs"), { cwd: root, silent: true });
  await ask(child, null);
  const tests = [...new Set(mutants.flatMap((mutant) => mutant.tests.flat()))].map(
    (test) => test.split(": ")[0],
  );
  const { killer, fault } = await ask(child, { id: null, tests: [[...new Set(tests)]] });
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
