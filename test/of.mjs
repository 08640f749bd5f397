// `npm run test:of -- plan cli/serve [-t NAME]`: builds if something was changed since the last build, then runs the tests of these folders
// or files of test/. What begins with "-", and what follows it, goes to vitest.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const node = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status ?? 1;

const given = process.argv.slice(2);
const dash = given.findIndex((word) => word.startsWith("-"));
const places = dash === -1 ? given : given.slice(0, dash);
const paths = places.map((place) => {
  const path = join("test", place.replace(/^test\//, ""));
  return existsSync(join(root, path)) ? path : `${path}.test.ts`;
});
const missing = paths.filter((path) => !existsSync(join(root, path)));
if (paths.length === 0 || missing.length > 0) {
  console.error(
    paths.length === 0
      ? "test:of: name a folder or file of test/, as in: npm run test:of -- plan"
      : `test:of: there is no ${missing.join(", ")}`,
  );
  process.exit(2);
}
const built = node("build.mjs", "--if-changed");
const vitest = join(root, "node_modules/vitest/vitest.mjs");
process.exit(
  built === 0
    ? node(vitest, "run", ...paths.map((path) => join(root, path)), ...given.slice(paths.length))
    : built,
);
