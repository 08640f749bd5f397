// Tries the mutants whose names come in, in one vitest that keeps what it has transformed.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createVitest } from "vitest/node";
import { mutantsOf, patched } from "./mutants.mjs";

const root = join(import.meta.dirname, "../..");
const { KINDS } = await import(join(root, "dist/plan/steps/index.js"));
const mutants = new Map(mutantsOf(KINDS).map((mutant) => [mutant.id, mutant]));

let patches = [];
let failed = [];
let broken = [];
const nameOf = ({ moduleId }) => moduleId.slice(join(root, "test/").length);
const reporter = {
  onTestCaseResult(test) {
    if (test.result().state === "failed") failed.push(`${nameOf(test.module)}: ${test.fullName}`);
  },
  onTestModuleEnd(module) {
    for (const { message } of module.errors()) broken.push(`${nameOf(module)}: ${message}`);
  },
};
const vitest = await createVitest(
  "test",
  {
    root,
    config: false,
    watch: false,
    include: ["test/**/*.test.ts"],
    exclude: ["test/vitess/**"],
    isolate: false,
    maxWorkers: 1,
    bail: 1,
    globalSetup: ["test/scratch.ts"],
    testTimeout: 240_000,
    reporters: [reporter],
  },
  {
    plugins: [
      {
        name: "mutant",
        enforce: "pre",
        transform(source, id) {
          const mine = patches.filter(({ file }) => id === join(root, file));
          return mine.length === 0 ? null : { code: mine.reduce(patched, source), map: null };
        },
      },
    ],
  },
);

/** `file: test` that failed first, or null. A test is the beginning of a file's name below test/, or `file: test` as this says it. */
async function firstFailure(tests) {
  const [only] = tests.flatMap((test) => test.split(": ").slice(1).join(": ") || []);
  if (only === undefined) vitest.resetGlobalTestNamePattern();
  else vitest.setGlobalTestNamePattern(new RegExp(`^${escaped(only)}$`));
  const specifications = await vitest.globTestSpecifications(
    tests.map((test) => `test/${test.split(": ")[0]}`),
  );
  [failed, broken] = [[], []];
  const { unhandledErrors } = await vitest.runTestSpecifications(specifications, true);
  const fault = broken[0] ?? unhandledErrors[0]?.message;
  if (fault !== undefined) throw new Error(fault);
  return failed[0] ?? null;
}

/** vitest matches a name whose parts are joined by a space, and says it with ` > `. */
const escaped = (name) => name.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&").replaceAll(" > ", "(?: > | )");

const changed = () => patches.map(({ file }) => join(root, file));

async function killerOf({ patches: mine }, tests) {
  for (const patch of mine) patched(readFileSync(join(root, patch.file), "utf8"), patch);
  patches = mine;
  for (const file of changed()) vitest.invalidateFile(file);
  try {
    for (const files of tests) {
      const killer = await firstFailure(files);
      if (killer !== null) return killer;
    }
    return null;
  } finally {
    const files = changed();
    patches = [];
    for (const file of files) vitest.invalidateFile(file);
  }
}

process.on("message", async ({ id, tests }) => {
  try {
    const killer = id === null ? await firstFailure(tests.flat()) : await killerOf(mutants.get(id), tests);
    process.send({ id, killer });
  } catch (error) {
    process.send({ id, fault: error.message });
  }
});
process.on("disconnect", () => process.exit(0));
process.send({ ready: true });
