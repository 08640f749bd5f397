// `npm run soak -- --minutes 10`: random plans (test/crash/random.test.ts) from seeds of their own until the time is over or a number of
// scenarios was played, then each guard removed once (test/mutants). `--plans`, `--guards`: only the one or the other. `--seed S --only I` plays
// scenario I of that seed again, makes it as small as it goes, and shows what was typed.
// `npm run soak -- --scans 100000`: so many scans of simulated ordinary days (test/crash/healthy-lives.test.ts).
// `npm run soak -- --lab`: the real clusters with all that CI leaves out (test/vitess/lab/long.ts), on several labs beside each other.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    runs: { type: "string", default: "1000000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000_000) },
    only: { type: "string" },
    plans: { type: "boolean", default: false },
    guards: { type: "boolean", default: false },
    scans: { type: "string" },
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
  ...(values.scans === undefined ? {} : { VTDOCTOR_SOAK_SCANS: values.scans }),
  ...(values.lab ? { VTDOCTOR_LAB_LONG: "1" } : {}),
};
const node = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: "inherit", env }).status ?? 1;
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const labs = [[join(root, "test/run.mjs"), "--only-lab"]];
const plans = [[vitest, "run", "--project", "crash", join(root, "test/crash/random.test.ts")]];
const guards = [[join(root, "test/mutants/run.mjs")]];
const scans = [[vitest, "run", "--project", "crash", join(root, "test/crash/healthy-lives.test.ts")]];
const parts = values.lab
  ? labs
  : values.scans !== undefined
    ? scans
    : [...(values.guards ? [] : plans), ...(values.plans || values.only !== undefined ? [] : guards)];
const built = node("build.mjs", "--if-changed");
const codes = built === 0 ? parts.map((part) => node(...part)) : [built];
process.exit(codes.find((code) => code !== 0) ?? 0);
