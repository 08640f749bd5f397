// `npm run lab:seconds -- FOLDER`: writes the seconds of each lab file, by which CI splits them, from the JSON results that a run with
// VTDOCTOR_TEST_RESULTS=FOLDER left. A file that did not run, or failed, keeps its time; one that is gone is forgotten.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder] = process.argv.slice(2);
if (folder === undefined || !existsSync(folder)) {
  console.error("lab:seconds: name the folder that VTDOCTOR_TEST_RESULTS named when the lab ran");
  process.exit(2);
}
const table = new URL("seconds.json", import.meta.url);
const root = new URL("../../../", import.meta.url);
const measured = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .flatMap((name) => JSON.parse(readFileSync(join(folder, name), "utf8")).testResults)
  .filter(({ name, status }) => name.includes("/test/vitess/") && status === "passed")
  .map(({ name, startTime, endTime }) => [
    name.slice(name.lastIndexOf("/test/vitess/") + 1),
    Math.round((endTime - startTime) / 1000),
  ]);
const known = existsSync(table) ? JSON.parse(readFileSync(table, "utf8")) : {};
const all = Object.entries({ ...known, ...Object.fromEntries(measured) })
  .filter(([path]) => existsSync(new URL(path, root)))
  .toSorted(([one], [other]) => (one < other ? -1 : 1));
writeFileSync(table, `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`);
console.log(`${measured.length} of ${all.length} files measured`);
