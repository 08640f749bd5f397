import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { reshardingLab } from "../../src/sim/lab.js";
import { emptyFolder, operatorAt, type Said, vtdoctor } from "../cli/harness.js";
import { folderOf, RULE } from "./rule-text.js";

const section = (title: string): string =>
  readFileSync("docs/writing-rules.md", "utf8").split(`## ${title}\n`)[1]?.split("\n## ")[0] ?? "";

/** The commands of the section, in their order. */
const commands = [...section("Your own rule in ten minutes").matchAll(/^vtdoctor (.+)$/gm)].map(
  ([, line = ""]) => line,
);

/** As a shell takes the line apart. */
const words = (line: string): readonly string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");

it("each command of docs/writing-rules.md does what the text says", async () => {
  const cluster = reshardingLab();
  const { folder } = operatorAt(cluster);
  const connection = [
    ...["--topo-global-server-address", cluster.topology.global.etcd.server],
    ...["--topo-global-root", cluster.topology.global.root],
  ];
  const here = (word: string): string => (/^(my-rules|seen\.sqlite)$/.test(word) ? join(folder, word) : word);
  const said = new Map<string, Said>();
  for (const line of commands) {
    const live = line.includes("--save-snapshot") ? connection : [];
    said.set(line, await vtdoctor([...words(line).map(here), ...live], { cluster, cwd: folder }));
  }
  const of = (start: string): Said => {
    const found = [...said].filter(([line]) => line === start || line.startsWith(`${start} `));
    if (found.length !== 1) throw new Error(`${found.length} commands begin with ${start}`);
    return found[0]?.[1] as Said;
  };
  expect(said.size).toBe(8);
  expect(of("rules new").out).toContain("my-rules/own/shard-without-writes.yaml is written");
  expect(said.get("rules test my-rules")?.code).toBe(0);
  expect(of("scan --save-snapshot").code).toBe(0);
  expect(of("query").out).toMatch(/customer\s+│ -80\s+│ 0/);
  expect(of("scan --snapshot")).toMatchObject({
    code: 0,
    out: expect.stringContaining("customer/-80 takes no writes"),
  });
  expect(of("explain shard-without-writes@customer/-80")).toMatchObject({
    code: 0,
    out: expect.stringContaining("is_primary_serving is false"),
  });
  expect(of("explain --why-not").out).toContain("- is_primary_serving = 0");
});

it("rules new never writes over a file, takes no id that is taken or none, and writes to my-rules", async () => {
  const cwd = emptyFolder();
  const made = await vtdoctor(["rules", "new", "mine"], { cwd });
  expect(made).toMatchObject({
    code: 0,
    out: "my-rules/own/mine.yaml is written; after each change: vtdoctor rules test my-rules\n",
  });
  const file = join(cwd, "my-rules/own/mine.yaml");
  writeFileSync(file, "kept");
  const again = await vtdoctor(["rules", "new", "mine"], { cwd });
  expect([again.code, again.err, readFileSync(file, "utf8")]).toEqual([
    2,
    "vtdoctor: rules new: my-rules/own/mine.yaml is there already; nothing was written.\n",
    "kept",
  ]);
  for (const id of ["topo-lock-stale", "Mine", "../mine"])
    expect((await vtdoctor(["rules", "new", id], { cwd })).code).toBe(2);
  expect((await vtdoctor(["rules", "new"], { cwd })).err).toContain("needs the id of the new rule");
});

it("rules test FOLDER runs its examples and no others, and fails as they do", async () => {
  const good = folderOf({ "shard-named-x.yaml": RULE });
  const passed = await vtdoctor(["rules", "test", good]);
  expect([passed.code, passed.out.trim().split("\n").length]).toEqual([0, 2]);
  const bad = folderOf({ "shard-named-x.yaml": RULE.replace("shard: y", "shard: x") });
  expect(await vtdoctor(["rules", "test", bad])).toMatchObject({
    code: 1,
    out: expect.stringContaining("failed"),
  });
  const empty = emptyFolder();
  mkdirSync(join(empty, "own"));
  expect((await vtdoctor(["rules", "test", empty])).err).toContain("no rule found");
});

it("rules test --timing names the slowest, by the time that its query takes", async () => {
  const slow = RULE.replaceAll("shard-named-x", "slow-one").replace(
    "shard = 'x'",
    "shard = 'x' AND (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT count(*) FROM n) > 0",
  );
  const folder = folderOf({ "shard-named-x.yaml": RULE, "slow-one.yaml": slow });
  const clock = {
    now: () => 0,
    steady: () => performance.now(),
    sleep: async () => true,
    after: () => () => {},
  };
  const { out } = await vtdoctor(["rules", "test", folder, "--timing", "-f", "json"], { clock });
  const { times } = JSON.parse(out);
  expect(times.map(({ rule }: { rule: string }) => rule)).toEqual(["slow-one", "shard-named-x"]);
  const human = await vtdoctor(["rules", "test", folder, "--timing"], { clock });
  expect(human.out).toMatch(/The slowest:\n +\d+\.\d ms {2}slow-one \(2 clusters\)\n/);
});
