// Compiles src/ into dist/ and puts beside it what the compiled code reads. A new folder takes the old one's place at the end, so that
// nothing of an earlier build remains and a vtdoctor that starts meanwhile finds one or the other. `--if-changed`: only where something that
// goes into it is newer than the last build, or was deleted.
import { execFileSync } from "node:child_process";
import {
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

process.chdir(import.meta.dirname);
if (process.argv.includes("--if-changed") && !changed()) process.exit(0);
const began = new Date();
const [next, last] = [`dist.next.${process.pid}`, `dist.last.${process.pid}`];
const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

/** Folders too: a file that was deleted or renamed changes its folder. */
function changed() {
  const folders = ["src", "rules"].flatMap((top) => [
    top,
    ...readdirSync(top, { recursive: true }).map((path) => join(top, path)),
  ]);
  const sources = [...folders, "build.mjs", "tsconfig.json", "package-lock.json"];
  const built = statSync("dist/rulefiles/checked.json", { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return sources.some((path) => statSync(path).mtimeMs > built);
}

/** So that a scan starts without parsing and checking what was checked here. */
async function checkedRules() {
  const built = (name) => import(join(import.meta.dirname, next, "rulefiles", `${name}.js`));
  const [{ keyOf }, { ruleFiles }, { openQueryCheck }, { readSource }, { checked }] = await Promise.all(
    ["checked", "load", "query-check", "source", "check"].map(built),
  );
  const queries = openQueryCheck();
  const entries = ruleFiles("rules").map(({ shown, path }) => {
    const text = readFileSync(path, "utf8");
    return [keyOf(text), checked(readSource(shown, text), queries)];
  });
  queries.close();
  return Object.fromEntries(entries);
}

try {
  execFileSync(process.execPath, [compiler, "-p", "tsconfig.json", "--outDir", next], { stdio: "inherit" });
  for (const file of ["schema.sql", "select-worker.mjs"])
    cpSync(join("src/snapshot", file), join(next, "snapshot", file));
  writeFileSync(join(next, "rulefiles/checked.json"), JSON.stringify(await checkedRules()));
  // What is saved while this builds is newer than the build.
  utimesSync(join(next, "rulefiles/checked.json"), began, began);
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
