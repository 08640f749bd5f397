// `npm test`: the fast tests, then the real clusters. Where the lab is installed and we are root, several labs run beside each other, each
// in a network namespace of its own, because their time goes by waiting. Elsewhere vitest alone decides. `--with-crash`: the enumerations of
// test/crash too, which take what the labs leave of the processors. `--only-lab`: the real clusters alone. Other arguments go to vitest.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LABS } from "./vitess/lab/labs.mjs";

const VITEST = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
const LAB = join(process.env.VTDOCTOR_LAB_HOME ?? "/opt/vitess-lab", "vitess/bin/vttablet");
const CRASH = "--with-crash";
const ONLY_LAB = "--only-lab";
const passed = process.argv.slice(2).filter((argument) => argument !== CRASH && argument !== ONLY_LAB);
const withCrash = process.argv.includes(CRASH);
const onlyLab = process.argv.includes(ONLY_LAB);
const results = process.env.VTDOCTOR_TEST_RESULTS;

const run = (command, args, env = {}, priority = 0) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
    if (priority !== 0 && child.pid !== undefined) setPriority(child.pid, priority);
    child.on("exit", (code) => resolve(code ?? 1));
    child.on("error", () => resolve(1));
  });

const resultFile = (name) =>
  results === undefined ? {} : { VTDOCTOR_TEST_RESULTS: join(results, `${name}.json`) };

const project = (name, priority) =>
  run(process.execPath, [VITEST, "run", "--project", name], resultFile(name), priority);

const crash = () => (withCrash ? project("crash", constants.priority.PRIORITY_LOW) : 0);

/** A namespace with nothing but loopback; false where this machine can not make one. */
function namespace(name) {
  const ip = (...args) => spawnSync("ip", args).status === 0;
  return (
    (ip("netns", "exec", name, "true") || ip("netns", "add", name)) &&
    ip("-n", name, "link", "set", "lo", "up")
  );
}

const names = Array.from({ length: LABS }, (_, index) => `vtdoctor-test-${index + 1}`);

const labs = () =>
  names.map((name, index) => {
    const args = [VITEST, "run", "--project", "vitess", `--shard=${index + 1}/${LABS}`];
    const env = { ...resultFile(name), VTDOCTOR_LAB_DIR: `/tmp/${name}` };
    return run("ip", ["netns", "exec", name, process.execPath, ...args], env);
  });

async function all() {
  if (passed.length > 0) return [await run(process.execPath, [VITEST, "run", ...passed], resultFile("all"))];
  const fast = onlyLab ? 0 : await project("fast");
  const isApart = process.getuid?.() === 0 && existsSync(LAB) && names.every(namespace);
  return [fast, ...(await Promise.all([crash(), ...(isApart ? labs() : [project("vitess")])]))];
}

process.exit((await all()).every((code) => code === 0) ? 0 : 1);
