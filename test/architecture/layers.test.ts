import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { circles, ground, sameNames, wayToATablet } from "../house/measure.js";
import { type Layer, layers } from "./layers.js";
import { type Source, sources } from "./sources.js";

/** What can change a cluster. */
const WRITE_SIDE = [
  /^apply\//,
  /^topology\/etcd-store\.ts$/,
  /^tablets\/writer\.ts$/,
  /^tablets\/vtctld\.ts$/,
];

/** The ports through which a cluster is changed. */
const WRITE_PORT = /\b(TopologyStore|TabletWriter)\b/;

const CODECS = /^topology\/(paths|records|lock-body)\.ts$/;

/** Modules with which a file, a socket, a thread or a process is opened, or this machine is asked about. */
const OUTSIDE =
  /^(node:(fs|os|net|tls|http|https|http2|dgram|child_process|worker_threads)(\/|$)|mysql2|etcd3|@grpc\/)/;

const all = sources();
const folder = (path: string): string => path.split("/")[0] ?? "";

describe("the layers of ARCHITECTURE.md", () => {
  const table = layers();

  it("has each folder once", () => {
    const folders = new Set([...all.keys()].map(folder));
    expect([...table.keys()].sort()).toEqual([...folders].sort());
  });

  it("imports point one way, and every arrow of the table is there", () => {
    const wrong = [...all.values()].flatMap((source) =>
      source.imports
        .filter(({ to }) => folder(to) !== folder(source.path))
        .flatMap((each) => trespass(source, each, table) ?? []),
    );
    expect(wrong).toEqual([]);
    const arrows = new Set(
      [...all.values()].flatMap(({ path, imports }) =>
        imports.map(({ to }) => `${folder(path)} -> ${folder(to)}`),
      ),
    );
    const unused = [...table].flatMap(([from, { imports }]) =>
      imports === "all" ? [] : [...imports.keys()].map((to) => `${from} -> ${to}`),
    );
    expect(unused.filter((arrow) => !arrows.has(arrow))).toEqual([]);
  });

  it("only the named files reach out of the process", () => {
    const named = [...table].flatMap(([name, { outside }]) =>
      outside === "any" ? [] : outside.map((file) => `${name}/${file}`),
    );
    const reaching = [...all.values()]
      .filter(({ path, packages }) => table.get(folder(path))?.outside !== "any" && packages.some(isOutside))
      .map(({ path }) => path);
    expect(reaching.map((path) => `${folder(path)}/${basename(path)}`).sort()).toEqual(named.sort());
  });

  it("no files import each other in a circle, types included", () => {
    expect(circles(all)).toEqual([]);
  });

  it("no two files of a wing have one name, so that a search by name finds the right one", () => {
    expect(sameNames(all)).toEqual([]);
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

  it("one follows a scan's settings to a tablet through at most 15 files", () => {
    const files = wayToATablet(all);
    expect(files.filter((path) => !all.has(path))).toEqual([]);
    expect(files.length).toBeLessThanOrEqual(15);
  });

  it.each([
    ["plan/recipes/clear-lock.ts", 5],
    ["plan/recipes/orphan-shard.ts", 15],
    ["plan/cancel.ts", 40],
  ])("what %s repairs is read to its ground in at most %i files of plan", (path, most) => {
    const files = ground(all, path, "plan/");
    expect(files.length).toBeGreaterThan(1);
    expect(files.length).toBeLessThanOrEqual(most);
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

  it("the commands that write go one way", () => {
    const importers = (to: string) =>
      [...all.values()]
        .filter(({ imports }) => imports.some((each) => each.to === to && !each.typeOnly))
        .map(({ path }) => path)
        .sort();
    expect(importers("apply/execute.ts")).toEqual(["cli/executor.ts"]);
    expect(importers("verify/verify.ts")).toEqual(["cli/carry-out.ts"]);
    expect(importers("cli/executor.ts")).toEqual([
      "cli/commands/cancel.ts",
      "cli/commands/fix.ts",
      "cli/commands/past-run.ts",
    ]);
    expect(importers("cli/carry-out.ts")).toEqual(["cli/commands/past-run.ts", "cli/write.ts"]);
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

const isOutside = (name: string): boolean => OUTSIDE.test(name);

/** What an import does that the table does not allow; null: nothing. */
function trespass(
  { path, text }: Source,
  { to, typeOnly }: Source["imports"][number],
  table: ReadonlyMap<string, Layer>,
): string | null {
  const allowed = table.get(folder(path))?.imports;
  if (allowed === "all") return null;
  const only = allowed?.get(folder(to));
  const arrow = `${path} -> ${to}`;
  switch (only) {
    case undefined:
      return arrow;
    case "types":
      return typeOnly ? null : `${arrow}: types only`;
    case "codecs":
      return CODECS.test(to) ? null : `${arrow}: codecs only`;
    case "read":
      return WRITE_SIDE.some((side) => side.test(to)) || WRITE_PORT.test(text) ? `${arrow}: read only` : null;
    case "everything":
      return null;
  }
}

const matching = (pattern: RegExp, except: readonly string[]): string[] =>
  [...all.values()]
    .filter(
      ({ path, text }) =>
        !except.includes(folder(path)) && pattern.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")),
    )
    .map(({ path }) => path);
