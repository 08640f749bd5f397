import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Clock } from "../../src/cluster/clock.js";
import { emptyFolder, operatorAt, seed, vtdoctor } from "./harness.js";

const OUTPUTS = [
  ["scan --output", "--output"],
  ["scan --save-snapshot", "--save-snapshot"],
  ["fix --all --dry-run --out", "--out"],
] as const;

describe("a file that can not be written", () => {
  it.each(OUTPUTS)("%s: is known before the cluster is asked", async (typed, flag) => {
    const folder = emptyFolder();
    mkdirSync(join(folder, "taken"));
    // Nobody listens there: a look at the cluster would be exit 3.
    for (const path of [join(folder, "no/where"), join(folder, "taken")]) {
      const said = await vtdoctor([...typed.split(" "), path, "--topo-global-server-address", "127.0.0.1:1"]);
      expect([said.code, said.out, said.err]).toEqual([
        2,
        "",
        expect.stringContaining(`${flag} ${path}: can not be written`),
      ]);
    }
    expect(readdirSync(folder)).toEqual(["taken"]);
  });

  it("leaves what was there, and nothing new, where the work fails", async () => {
    const folder = emptyFolder();
    writeFileSync(join(folder, "old"), "old");
    for (const name of ["old", "new"])
      expect((await vtdoctor(["scan", "--snapshot", "missing", "--output", join(folder, name)])).code).toBe(
        2,
      );
    expect([readdirSync(folder), readFileSync(join(folder, "old"), "utf8")]).toEqual([["old"], "old"]);
  });

  it("--output that fails after all (a full disk): the report is printed", async () => {
    const { type } = operatorAt(seed());
    const human = await type("scan --output /dev/full");
    expect([human.code, human.out, human.err]).toEqual([
      2,
      expect.stringContaining("4 critical, 3 warning"),
      "vtdoctor: --output /dev/full: can not be written (ENOSPC); give a path in a folder that exists and is yours.\n",
    ]);
    const json = await type("scan --format json --output /dev/full");
    expect([json.code, JSON.parse(json.out).findings.length]).toEqual([2, 7]);
  });

  it.each([
    ["scan --format json --save-snapshot", "the snapshot file"],
    ["fix --all --dry-run --format json --out", "the plan"],
  ])("%s that fails after all: the report is the one document", async (typed, what) => {
    const cluster = seed();
    const { folder, type } = operatorAt(cluster);
    const path = join(folder, "late");
    // Somebody makes a folder of that name while the cluster is asked.
    const now = () => {
      mkdirSync(path, { recursive: true });
      return cluster.clock.now();
    };
    const clock: Clock = { now, steady: now, sleep: async () => true, after: () => () => {} };
    const said = await type(`${typed} ${path}`, { clock });
    expect([said.code, said.err]).toEqual([2, expect.stringContaining(what)]);
    expect(JSON.parse(said.out).exit.code).toBe(1);
  });
});
