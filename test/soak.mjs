// `npm run soak -- --minutes 10`: random plans (test/crash/random.test.ts) from seeds of their own until the time is over or a number of
// scenarios was played. `--seed S --only I` plays scenario I of that seed again, makes it as small as it goes, and shows what was typed.
// `npm run soak -- --lab`: the real clusters with all that CI leaves out (test/vitess/lab/long.ts), on two labs beside each other.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    runs: { type: "string", default: "1000000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000_000) },
    only: { type: "string" },
    lab: { type: "boolean", default: false },
  },
});

const root = join(import.meta.dirname, "..");
const env = {
  ...process.env,
  VTDOCTOR_SOAK_SEED: values.seed,
  VTDOCTOR_SOAK_RUNS: values.runs,
  VTDOCTOR_SOAK_SECONDS: String(Number(values.minutes) * 60),
  ...(values.only === undefined ? {} : { VTDOCTOR_SOAK_ONLY: values.only }),
  ...(values.lab ? { VTDOCTOR_LAB_LONG: "1" } : {}),
};
const node = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: "inherit", env }).status ?? 1;
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const built = node("build.mjs", "--if-changed");
const played = values.lab
  ? [join(root, "test/run.mjs"), "--only-lab"]
  : [vitest, "run", "--project", "crash", join(root, "test/crash/random.test.ts")];
process.exit(built === 0 ? node(...played) : built);
