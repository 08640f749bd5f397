import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { naming } from "../house/measure.js";
import { sources } from "./sources.js";

const house = sources();

interface Example {
  /** How code names it. */
  readonly name: RegExp;
  /** Files that use what is there already, or tell of it: nobody touches them to add another. */
  readonly users: RegExp;
}

const NOBODY = /^$/;

const EXAMPLES: Readonly<Record<string, Example>> = {
  "srvkeyspace-missing": { name: /"srvkeyspace-missing"/, users: NOBODY },
  "clear-lock": { name: /"clear-lock"|\bclearLock\b/, users: NOBODY },
  // Where a key lies and what a lock is on is told of every type; an undo asks what each would do.
  "routing-rules": { name: /"routing-rules"/, users: /^(topology|snapshot)\/|^plan\/undo\// },
  "journal.delete": {
    name: /"journal\.delete"|\bjournalDelete\b/,
    users: /^plan\/(recipes|serving|undo)\//,
  },
  // Plans and runs also delete such rows, which is a step kind of its own; a lock's action is named VDiff as well.
  vdiff: {
    name: /"vdiff"|\bvdiffs\b|\bVdiff/,
    users: /^(plan|apply)\/|^sim\/writer\.ts$|^snapshot\/derive\//,
  },
  // The help shows it as an example.
  nagios: { name: /nagios/i, users: /^cli\/commands\.ts$/ },
  materialize: { name: /\bmaterialize\b/, users: NOBODY },
  cancel: { name: /commands\/cancel\.js"/, users: NOBODY },
};

interface Row {
  readonly what: string;
  readonly paths: readonly string[];
  readonly limit: number;
  readonly example: string;
  readonly tests: readonly string[];
}

const table = (): readonly Row[] => {
  const text = readFileSync("ARCHITECTURE.md", "utf8");
  const section = text.slice(text.indexOf("## To add something"), text.indexOf("`npm run house` prints"));
  const rows = section.matchAll(/^\| (an? [^|]*?) *\|([^|]*)\| *(\d+) *\| *`([^`]+)` *\|([^|]*)\|$/gm);
  return [...rows].map(([, what = "", touch = "", limit, example = "", tells = ""]) => ({
    what,
    limit: Number(limit),
    example,
    paths: [...touch.matchAll(/`((?:src|rules)\/[^`]+)`/g)].map(([, path = ""]) => path),
    tests: [...tells.matchAll(/`(test\/[^`]+)`/g)].map(([, path = ""]) => path),
  }));
};

/** The files that a row means: of `<family>` any, of another placeholder the example. */
const filesOf = ({ paths, example }: Row): readonly string[] =>
  paths.map((path) => {
    const named = path.replace(/<(?!family)\w+>/, example.replaceAll(".", "-")).replace(/<id>/, example);
    if (!named.includes("<family>")) return named;
    const [folder = "", rest = ""] = named.split("<family>");
    const name = EXAMPLES[example]?.name ?? NOBODY;
    const found = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((file) => `${folder}${file}`)
      .filter((file) =>
        rest === ".ts" ? file.endsWith(rest) && name.test(readFileSync(file, "utf8")) : file.endsWith(rest),
      );
    expect(found, named).toHaveLength(1);
    return found[0] ?? named;
  });

describe("to add something, as ARCHITECTURE.md says", () => {
  it("has an example for each row", () => {
    expect(table().map(({ example }) => example)).toEqual(Object.keys(EXAMPLES));
  });

  describe.each(table().map((row) => [row.what, row] as const))("%s", (_, row) => {
    const files = filesOf(row);
    const inSrc = files.filter((path) => path.startsWith("src/"));

    it("touches files that are there, as many of src as it says", () => {
      expect(files.filter((path) => !existsSync(path))).toEqual([]);
      expect(inSrc).toHaveLength(row.limit);
    });

    it("touches no other file: none names the example but to use it", () => {
      const { name, users } = EXAMPLES[row.example] ?? { name: NOBODY, users: NOBODY };
      const named = naming(house, name).filter((path) => !users.test(path));
      expect(named.filter((path) => !inSrc.includes(`src/${path}`))).toEqual([]);
      if (row.limit > 0) expect(named.length).toBeGreaterThan(0);
    });

    it("is told what is missing by tests that are there", () => {
      expect(row.tests.filter((path) => !existsSync(path))).toEqual([]);
    });
  });
});
