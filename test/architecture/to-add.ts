import { readdirSync, readFileSync } from "node:fs";
import { type House, naming } from "../house/measure.js";

interface Example {
  /** How code names it. */
  readonly name: RegExp;
  /** Files that use what is there already, or tell of it: nobody touches them to add another. */
  readonly users: RegExp;
}

const NOBODY = /^$/;

export const EXAMPLES: Readonly<Record<string, Example>> = {
  "srvkeyspace-missing": { name: /"srvkeyspace-missing"/, users: NOBODY },
  "clear-lock": { name: /"clear-lock"|\bclearLock\b/, users: NOBODY },
  // Where a key lies and what a lock is on is told of every type; an undo and a look at query paths ask what each would do.
  "routing-rules": { name: /"routing-rules"/, users: /^(topology|snapshot)\/|^plan\/(undo|foresight)\// },
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

/** A row of "To add something". */
export interface Row {
  readonly what: string;
  readonly paths: readonly string[];
  readonly limit: number;
  readonly example: string;
  readonly tests: readonly string[];
}

/** The table "To add something" of ARCHITECTURE.md. */
export const table = (): readonly Row[] => {
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
export const filesOf = ({ paths, example }: Row): readonly string[] =>
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
    const [only, ...others] = found;
    if (only === undefined || others.length > 0) throw new Error(`${named}: ${found.length} files`);
    return only;
  });

/** The files of `src` that name its example, users aside. */
export const namingExample = (house: House, { example }: Row): readonly string[] => {
  const { name, users } = EXAMPLES[example] ?? { name: NOBODY, users: NOBODY };
  return naming(house, name).filter((path) => !users.test(path));
};
