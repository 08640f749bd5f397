import { describe, expect, it } from "vitest";
import { sources } from "./sources.js";

/** The table of ARCHITECTURE.md: a folder may import these and itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  cluster: [],
  proto: [],
  topology: ["cluster", "proto"],
  tablets: ["cluster", "proto"],
  snapshot: ["cluster", "proto", "topology"],
  witnesses: ["cluster", "proto", "topology", "tablets", "snapshot"],
  collect: ["cluster", "proto", "topology", "tablets", "witnesses", "snapshot"],
  findings: ["cluster"],
  rules: ["cluster", "snapshot", "findings"],
  plan: ["cluster", "proto", "topology", "tablets", "snapshot", "findings"],
  report: ["cluster", "findings", "plan"],
  apply: ["cluster", "proto", "topology", "tablets", "plan"],
  config: ["cluster", "findings"],
  sim: ["cluster", "proto", "topology", "tablets"],
};

/** What can change a cluster. */
const WRITE_SIDE = [
  /^apply\//,
  /^topology\/etcd-store\.ts$/,
  /^tablets\/writer\.ts$/,
  /^tablets\/vtctld\.ts$/,
];

const all = sources();
const folder = (path: string): string => path.split("/")[0] ?? "";

describe("the layers of ARCHITECTURE.md", () => {
  it("imports point one way", () => {
    const wrong = [...all.values()].flatMap(({ path, imports }) => {
      const allowed = MAY_IMPORT[folder(path)];
      if (allowed === undefined) return folder(path) === "cli" ? [] : [`${path}: unknown folder`];
      return imports
        .filter(({ to }) => folder(to) !== folder(path) && !allowed.includes(folder(to)))
        .map(({ to }) => `${path} -> ${to}`);
    });
    expect(wrong).toEqual([]);
  });

  it("nothing that scan, explain or query reaches can write to a cluster", () => {
    for (const command of ["scan", "explain", "query"]) {
      const seen = new Set<string>();
      const visit = (path: string): void => {
        if (seen.has(path)) return;
        seen.add(path);
        for (const each of all.get(path)?.imports ?? []) if (!each.typeOnly) visit(each.to);
      };
      visit(`cli/commands/${command}.ts`);
      expect(seen.size).toBeGreaterThan(20);
      expect([...seen].filter((path) => WRITE_SIDE.some((side) => side.test(path)))).toEqual([]);
    }
  });

  it("a start loads little before it knows the command", () => {
    const seen = new Set<string>();
    const visit = (path: string): void => {
      if (seen.has(path)) return;
      seen.add(path);
      for (const each of all.get(path)?.imports ?? []) if (!each.typeOnly && !each.dynamic) visit(each.to);
    };
    visit("cli/main.ts");
    expect([...seen].length).toBeLessThan(25);
    const packages = [...seen].flatMap((path) => all.get(path)?.packages ?? []);
    expect([...new Set(packages.filter((name) => !name.startsWith("node:")))].sort()).toEqual([
      "fastest-levenshtein",
      "yargs",
    ]);
  });

  it("only the command line prints or exits", () => {
    expect(matching(/\bconsole\.|process\.(exit|stdout|stderr)\b/, ["cli"])).toEqual([]);
  });

  it("only cli/clock.ts reads the clock or a random source", () => {
    const reads =
      /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\brandom(Bytes|UUID|Int)\(|\bgetRandomValues\(|\bperformance\.now\(|\bhrtime\b/;
    expect(matching(reads, []).filter((path) => path !== "cli/clock.ts")).toEqual([]);
  });
});

const matching = (pattern: RegExp, except: readonly string[]): string[] =>
  [...all.values()]
    .filter(
      ({ path, text }) =>
        !except.includes(folder(path)) && pattern.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")),
    )
    .map(({ path }) => path);
