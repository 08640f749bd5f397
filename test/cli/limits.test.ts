import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { operatorAt, seed } from "./harness.js";

const BEYOND = [
  "it touches 3 tablets, and the limit is 2: needs --max-tablets 3 to run",
  "it touches 7 topology keys, and the limit is 4: needs --max-keys 7 to run",
];

describe("a plan beyond the limits", () => {
  it("is shown by a dry run, with what it needs to run", async () => {
    const { write } = operatorAt(seed());
    const human = await write("fix --all --dry-run --max-tablets 2 --max-keys 4");
    expect(human.code).toBe(1);
    expect(human.out).toContain("13 steps");
    expect(human.out.trimEnd().split("\n").slice(-2)).toEqual(BEYOND);
    const json = JSON.parse(
      (await write("fix --all --dry-run --max-tablets 2 --max-keys 4 --format json")).out,
    );
    expect(json.exit).toEqual({ code: 1, name: "findings", reasons: ["the plan is not empty", ...BEYOND] });
    expect(json.plan.stages.length).toBeGreaterThan(0);
    expect((await write("fix --all --dry-run")).out).not.toContain("limit");
  });

  it("is not run, new or saved, without the flags that it needs", async () => {
    const cluster = seed();
    const { folder, write } = operatorAt(cluster);
    const revision = cluster.topology.global.etcd.revision;
    const plan = join(folder, "plan.json");
    await write(`fix --all --dry-run --out ${plan}`);
    const limits = "--max-tablets 2 --max-keys 4";
    for (const typed of [`fix --all --yes ${limits}`, `fix --plan ${plan} --yes ${limits}`]) {
      const said = await write(typed);
      expect([said.code, said.out, said.err]).toEqual([
        4,
        "",
        "vtdoctor: the plan touches 3 tablets, more than --max-tablets 2, and 7 topology keys, more than --max-keys 4: select less, or read the plan with --dry-run and then give --max-tablets 3 --max-keys 7. Nothing was changed.\n",
      ]);
    }
    expect(cluster.topology.global.etcd.revision).toBe(revision);
    expect((await write(`fix --plan ${plan} --yes --max-tablets 3 --max-keys 7`)).code).toBe(0);
  });
});
