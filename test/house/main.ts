import { sources } from "../architecture/sources.js";
import { namingExample, table } from "../architecture/to-add.js";
import { circles, deadCitations, ground, type House, sameNames, sizes, wayToATablet } from "./measure.js";

const house: House = sources("src");
const say = (text: string): boolean => process.stdout.write(`${text}\n`);
const first = (...paths: readonly string[]): string => paths.find((path) => house.has(path)) ?? "";

const reading = (what: string, paths: readonly string[], within = "plan/"): void => {
  const at = first(...paths);
  if (at !== "") row(what, at, ground(house, at, within));
};

const row = (what: string, at: string, files: readonly string[]): void => {
  const lines = files.reduce((sum, path) => sum + (house.get(path)?.text.split("\n").length ?? 1) - 1, 0);
  say(`| ${what} (\`${at}\`) | ${files.length} | ${lines} |`);
};

say("| wing | files | lines | median | p90 | longest | <= 20 lines | one importer | import lines |");
say("|---|---|---|---|---|---|---|---|---|");
const wings = [...new Set([...house.keys()].map((path) => `${path.split("/")[0]}/`))].sort();
for (const wing of ["", ...wings.filter((each) => each !== "proto/")]) {
  const it = sizes(house, wing);
  say(
    `| ${wing === "" ? "src" : wing} | ${it.files} | ${it.lines} | ${it.median} | ${it.p90} | ${it.longest} | ${it.crumbs} % | ${it.oneImporter} % | ${it.importLines} % |`,
  );
}

say("\nFiles of one wing to read something to its ground:\n\n| what | files | lines |\n|---|---|---|");
reading("repair `clear-lock`", ["plan/recipes/clear-lock.ts"]);
reading("repair `lift-denial`", ["plan/recipes/lift-denial.ts"]);
reading("repair `orphan-shard`", ["plan/recipes/orphan-shard.ts", "plan/recipes/orphan/orphan-shard.ts"]);
reading("repair `half-cancel`", ["plan/recipes/half-cancel.ts"]);
reading("`cancel`", ["plan/cancel.ts", "plan/cancel/cancel.ts"]);
reading("one scan, from `collect` on", ["collect/collect.ts"], "collect/");
row("one scan's settings, from `collect` to a tablet", "collect/collect.ts", wayToATablet(house));

say(
  "\nFiles of `src` that name an example of its kind, but to use it:\n\n| another ... | files | which |\n|---|---|---|",
);
for (const row of table()) {
  const files = namingExample(house, row);
  say(`| ${row.what} (\`${row.example}\`) | ${files.length} | ${files.join(", ")} |`);
}

const counted = (what: string, list: readonly string[]): boolean =>
  say(`\n${what}: ${list.length}${list.map((each) => `\n  ${each}`).join("")}`);
counted(
  "circles",
  circles(house).map((circle) => circle.join(" <-> ")),
);
counted("names that several files of one wing have", sameNames(house));
say(`\ncitations of documents that are not in the repository: ${deadCitations(house).length}`);
