// `npm run compatibility -- FOLDER`: takes what each scene came to on each version of Vitess from the JSON results that a run of the lab with
// VTDOCTOR_TEST_RESULTS=FOLDER left. A scene that did not run keeps its result. docs/compatibility.md is made from it (`npm run golden`).
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

const [folder] = process.argv.slice(2);
if (folder === undefined || !existsSync(folder)) {
  console.error("compatibility: name the folder that VTDOCTOR_TEST_RESULTS named when the lab ran");
  process.exit(2);
}
const scenes = parse(readFileSync(new URL("scenes.yaml", import.meta.url), "utf8"));
const results = new URL("results.json", import.meta.url);
const played = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .flatMap((name) => JSON.parse(readFileSync(join(folder, name), "utf8")).testResults)
  .flatMap(({ name, assertionResults }) => assertionResults.map((test) => ({ file: name, ...test })));
const known = existsSync(results) ? JSON.parse(readFileSync(results, "utf8")) : {};
let count = 0;
for (const { scene, file, title } of scenes) {
  const [before, after] = title.split("{version}");
  for (const test of played) {
    const fits =
      test.file.endsWith(`/${file}`) && test.title.startsWith(before) && test.title.endsWith(after);
    if (!fits || !["passed", "failed"].includes(test.status)) continue;
    const version = test.title.slice(before.length, test.title.length - after.length);
    known[scene] = { ...known[scene], [version]: test.status };
    count++;
  }
}
const kept = scenes.map(({ scene }) => [scene, known[scene] ?? {}]);
writeFileSync(results, `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`);
console.log(`${count} results taken`);
