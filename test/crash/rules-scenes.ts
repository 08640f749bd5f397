import { labCluster } from "../../src/sim/lab.js";
import { moveTablesCancel } from "../sim/native/move-tables-cancel.js";
import { applyRules, ruleKeysLeft } from "../sim/rules.js";
import { moving, type Residue } from "./scene.js";

/** Rules to a keyspace that is gone, of one kind. */
const ruled = (name: string, fixes: string, rules: Parameters<typeof applyRules>[1]): Residue => ({
  name,
  build() {
    const cluster = labCluster({ version: "24.0.4", rows: 20 });
    applyRules(cluster, rules);
    cluster.clock.advance(60_000);
    return cluster;
  },
  request: {},
  fixes: [fixes],
  left: ruleKeysLeft,
});

/** `cancel --keep-data --keep-routing-rules`: all nine rules of the table lead to its source. */
const kept: Residue = {
  name: "rules that say no more than a VSchema",
  build() {
    const cluster = moving.build();
    const c2 = { keyspace: "moved", workflow: "c2" } as const;
    cluster.run(moveTablesCancel(cluster, { ...c2, keepData: true, keepRoutingRules: true }));
    cluster.clock.advance(60_000);
    return cluster;
  },
  request: {},
  fixes: ["routing-rules-orphan"],
  left: ({ topology }) =>
    (topology.routingRules().get()?.rules ?? []).flatMap(({ fromTable, toTables }) =>
      fromTable.split("@")[0] === toTables.join() ? [fromTable] : [],
    ),
};

export const MISRULED: readonly Residue[] = [
  ruled("queries that are mirrored to nowhere", "mirror-rules-orphan", {
    mirrors: [{ fromTable: "customer.customer", toTable: "gone.customer", percent: 25 }],
  }),
  ruled("a shard that is led to nowhere", "shard-routing-rules-orphan", {
    shards: [{ fromKeyspace: "customer", shard: "0", toKeyspace: "gone" }],
  }),
  ruled("a keyspace that is led to nowhere", "keyspace-routing-rules-orphan", {
    keyspaces: [
      { fromKeyspace: "customer", toKeyspace: "gone" },
      { fromKeyspace: "customer@replica", toKeyspace: "gone" },
    ],
  }),
  kept,
];
