// Compiles src/ into dist/ and puts beside it what the compiled code reads. A new folder takes the old one's place at the end, so that
// nothing of an earlier build remains and a vtdoctor that starts meanwhile finds one or the other.
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

process.chdir(import.meta.dirname);
const [next, last] = [`dist.next.${process.pid}`, `dist.last.${process.pid}`];
const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

/** So that a scan starts without parsing and checking what was checked here. */
async function checkedRules() {
  const built = (name) => import(join(import.meta.dirname, next, "rules", `${name}.js`));
  const [{ keyOf }, { ruleFiles }, { openBench }, { readSource }, { checked }] = await Promise.all(
    ["checked", "load", "prepare", "source", "check"].map(built),
  );
  const bench = openBench();
  const entries = ruleFiles("rules").map(({ shown, path }) => {
    const text = readFileSync(path, "utf8");
    return [keyOf(text), checked(readSource(shown, text), bench)];
  });
  bench.close();
  return Object.fromEntries(entries);
}

try {
  execFileSync(process.execPath, [compiler, "-p", "tsconfig.json", "--outDir", next], { stdio: "inherit" });
  for (const file of ["schema.sql", "select-worker.mjs"])
    cpSync(join("src/snapshot", file), join(next, "snapshot", file));
  writeFileSync(join(next, "rules/checked.json"), JSON.stringify(await checkedRules()));
  try {
    renameSync("dist", last);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  renameSync(next, "dist");
} catch (error) {
  if (typeof error.status !== "number") throw error;
  process.exitCode = error.status;
} finally {
  for (const folder of [next, last]) rmSync(folder, { recursive: true, force: true });
}
