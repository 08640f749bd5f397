// Writes the list of the recipes, src/plan/gen/recipes.ts: each file of src/plan/recipes exports one.
// `node recipes.mjs --check` writes nothing and fails where the list is not what the folder says.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = "src/plan/recipes";
const LIST = "src/plan/gen/recipes.ts";

process.chdir(import.meta.dirname);

const recipes = readdirSync(FOLDER)
  .sort()
  .map((file) => {
    const exported = [...readFileSync(join(FOLDER, file), "utf8").matchAll(/^export \w+ (\w+)/gm)];
    if (exported.length !== 1)
      throw new Error(
        `${FOLDER}/${file} exports ${exported.length} names: it has to export its recipe alone`,
      );
    return { from: file.replace(/\.ts$/, ".js"), name: exported[0][1] };
  });

const text = `// Written by \`npm run recipes\` from ../recipes.
${recipes.map(({ name, from }) => `import { ${name} } from "../recipes/${from}";`).join("\n")}
import type { Recipe } from "../repair.js";

export const RECIPES: readonly Recipe[] = [
${recipes.map(({ name }) => `  ${name},`).join("\n")}
];
`;

if (!process.argv.includes("--check")) writeFileSync(LIST, text);
else if (readFileSync(LIST, "utf8") !== text) {
  console.error(`${LIST} is not what ${FOLDER} has: npm run recipes`);
  process.exitCode = 1;
}
