import { readdirSync } from "node:fs";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { TableSchema } from "../../src/proto/gen/vschema_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { operatorAt } from "../cli/harness.js";
import { moving } from "../crash/scene.js";
import { moveTablesCancel } from "../sim/native/move-tables-cancel.js";
import { applyRules, ruleKeysLeft } from "../sim/rules.js";

/** Two keyspaces, and no workflow between them; `kept`: the copied table and its nine rules. */
function twoKeyspaces({ kept = false } = {}): SimCluster {
  const cluster = moving.build();
  const c2 = { keyspace: "moved", workflow: "c2" } as const;
  cluster.run(moveTablesCancel(cluster, { ...c2, keepData: kept, keepRoutingRules: kept }));
  cluster.clock.advance(60_000);
  return cluster;
}

const MIRROR = { fromTable: "customer.customer", toTable: "moved.customer", percent: 25 };
const MIRRORED = "mirror-rules-orphan@customer+moved";
const inSrvVSchema = (cluster: SimCluster) => cluster.topology.srvVSchema("zone1").get();

describe("rules that no workflow needs", () => {
  it("are left alone, and told, where nobody names them: they may be meant", async () => {
    const cluster = twoKeyspaces();
    applyRules(cluster, { mirrors: [MIRROR] });
    const said = await operatorAt(cluster).write("fix --all --settle 31s --yes");
    expect(said.out + said.err).toContain(
      `left as it is, for it may be meant: it is repaired only where it is named: ${MIRRORED}`,
    );
    expect(ruleKeysLeft(cluster)).toHaveLength(1);
  });

  it("go, and only those, where they are named, and an undo puts them back", async () => {
    const cluster = twoKeyspaces();
    applyRules(cluster, {
      mirrors: [MIRROR, { ...MIRROR, toTable: "customer.other", fromTable: "moved.t" }],
    });
    const operator = operatorAt(cluster);
    const said = await operator.write(`fix ${MIRRORED} --settle 31s --yes`);
    expect([said.code, said.err]).toEqual([0, expect.any(String)]);
    const left = () => inSrvVSchema(cluster)?.mirrorRules?.rules.map(({ fromTable }) => fromTable);
    expect(left()).toEqual(["moved.t"]);
    const [run = ""] = readdirSync(join(operator.folder, "runs"));
    const undone = await operator.write(`undo ${run} --yes`);
    expect([undone.code, left()?.toSorted()]).toEqual([0, ["customer.customer", "moved.t"]]);
  });

  it.each<readonly [string, Parameters<typeof applyRules>[1]]>([
    ["shard", { shards: [{ fromKeyspace: "customer", shard: "0", toKeyspace: "moved" }] }],
    ["keyspace", { keyspaces: [{ fromKeyspace: "customer", toKeyspace: "moved" }] }],
  ] as const)(
    "a %s routing rule stays where queries would meet other rows without it",
    async (kind, rules) => {
      const cluster = twoKeyspaces({ kept: true });
      applyRules(cluster, rules);
      const said = await operatorAt(cluster).write(
        `fix ${kind}-routing-rules-orphan@customer+moved --settle 31s --yes`,
      );
      expect([said.code, said.err]).toEqual([4, expect.stringMatching(/by this rule alone: without it/)]);
      expect(ruleKeysLeft(cluster)).toHaveLength(2);
    },
  );

  it("a keyspace routing rule to a keyspace that is not there goes: it serves nobody", async () => {
    const cluster = twoKeyspaces();
    applyRules(cluster, { keyspaces: [{ fromKeyspace: "customer", toKeyspace: "gone" }] });
    const id = "keyspace-routing-rules-orphan@customer+gone";
    const said = await operatorAt(cluster).write(`fix ${id} --settle 31s --yes`);
    expect([said.code, ruleKeysLeft(cluster)]).toEqual([0, []]);
  });

  it("stay where a rebuild would put more in force than their end", async () => {
    const cluster = twoKeyspaces();
    applyRules(cluster, { mirrors: [MIRROR] });
    const vschema = cluster.topology.vschema("moved");
    const record = vschema.get();
    if (record === null) throw new Error("no VSchema");
    vschema.put({ ...record, tables: { ...record.tables, later: create(TableSchema) } });
    const said = await operatorAt(cluster).write(`fix ${MIRRORED} --settle 31s --yes`);
    expect([said.code, said.err]).toEqual([
      4,
      expect.stringContaining("is not what the records say already"),
    ]);
    expect(ruleKeysLeft(cluster)).toHaveLength(1);
  });

  it("stay where a primary of either keyspace did not say its streams", async () => {
    const cluster = twoKeyspaces();
    applyRules(cluster, { shards: [{ fromKeyspace: "customer", shard: "0", toKeyspace: "moved" }] });
    cluster.tablet("zone1-0000000400").kill();
    const said = await operatorAt(cluster).write(
      "fix shard-routing-rules-orphan@customer+moved --settle 31s --yes",
    );
    expect([said.code, said.err]).toEqual([4, expect.stringContaining("moved/0 said which streams it has")]);
    expect(ruleKeysLeft(cluster)).toHaveLength(1);
  });

  it("of a table go as far as its VSchema says the same; names that they alone lead elsewhere stay", async () => {
    const cluster = twoKeyspaces({ kept: true });
    const said = await operatorAt(cluster).write(
      "fix routing-rules-orphan@customer+moved --settle 31s --yes",
    );
    expect([said.code, said.out + said.err]).toEqual([
      0,
      expect.stringContaining("queries of moved.customer go on to lead to customer"),
    ]);
    const names = ["customer", "moved.customer"].flatMap((name) =>
      ["", "@rdonly", "@replica"].map((type) => name + type),
    );
    expect(
      inSrvVSchema(cluster)
        ?.routingRules?.rules.map(({ fromTable }) => fromTable)
        .toSorted(),
    ).toEqual(names);
  });
});
