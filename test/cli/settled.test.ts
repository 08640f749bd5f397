import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { moving } from "../crash/scene.js";
import { moveTablesCancel } from "../sim/native/move-tables-cancel.js";
import { compacted, inventoryIn } from "./compacted.js";
import { operatorAt, vtdoctor } from "./harness.js";

it("a snapshot of --settle says from its file what it said live", async () => {
  const cluster = compacted();
  const { type, folder } = operatorAt(cluster);
  const file = join(folder, "settled.db");
  const known = `--inventory ${inventoryIn(folder)} --format json`;
  const findings = (said: { out: string }) => JSON.parse(said.out).findings;
  const states = (said: { out: string }) =>
    new Set(findings(said).map(({ state }: { state: string }) => state));

  const once = await type(`scan ${known} --settle 0 --save-snapshot ${file}`);
  expect(states(once)).toContain("suspected");
  expect(findings(await vtdoctor(["scan", "--snapshot", file, "--format", "json"]))).toEqual(findings(once));

  const live = await type(`scan ${known} --settle 30s --save-snapshot ${file}`);
  expect(states(live)).not.toContain("suspected");
  expect(findings(live).length).toBeGreaterThan(0);
  expect(findings(await vtdoctor(["scan", "--snapshot", file, "--format", "json"]))).toEqual(findings(live));

  const hasty = await type(`scan ${known} --settle 10s --save-snapshot ${file}`);
  expect(states(hasty)).toContain("suspected");
});

describe("fix --settle, once it has run", () => {
  const DENIED = "keep-data-denial-residue@moved/0";

  function kept() {
    const cluster = moving.build();
    const options = { keyspace: "moved", workflow: "c2", keepData: true, keepRoutingRules: true } as const;
    cluster.run(moveTablesCancel(cluster, options));
    cluster.clock.advance(60_000);
    const started = cluster.clock.now();
    return { cluster, ...operatorAt(cluster), seconds: () => (cluster.clock.now() - started) / 1000 };
  }

  it("waits no second time where all is well", async () => {
    const { write, seconds } = kept();
    const fixed = await write(`fix ${DENIED} --settle 31s --yes --confirm moved`);
    expect(fixed.code, fixed.err + fixed.out).toBe(0);
    expect(seconds()).toBeLessThan(60);
  });

  it("looks again after that time before it says that something is wrong", async () => {
    const { cluster, write, seconds } = kept();
    const denied = cluster.topology.shard("moved", "0").get();
    if (denied === null) throw new Error("no shard moved/0");
    // Somebody denies them again right after the lift, for ten seconds or for good.
    cluster.effects.hook = {
      after: ({ call }) => {
        if (call !== "refreshState") return undefined;
        const lifted = cluster.topology.shard("moved", "0").get() ?? denied;
        cluster.topology.shard("moved", "0").put(denied);
        cluster.clock.at(cluster.clock.now() + 10_000, () =>
          cluster.topology.shard("moved", "0").put(lifted),
        );
        return undefined;
      },
    };
    const fixed = await write(`fix ${DENIED} --settle 31s --yes --confirm moved`);
    expect(fixed.code, fixed.err + fixed.out).toBe(0);
    expect(seconds()).toBeGreaterThan(60);
  });
});
