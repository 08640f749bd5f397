import { create } from "@bufbuild/protobuf";
import { Shard_TabletControlSchema, ShardSchema, TabletType } from "../../src/proto/gen/topodata_pb.js";
import { RoutingRuleSchema, RoutingRulesSchema } from "../../src/proto/gen/vschema_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { done } from "../../src/sim/native/operation.js";
import { rebuildSrvVSchema } from "../../src/sim/native/serving-graph.js";
import { moving, type Residue } from "./scene.js";

/** SetShardTabletControl for PRIMARY, and RefreshStateByShard. */
export function deny(cluster: SimCluster, keyspace: string, ...deniedTables: string[]): void {
  const record = cluster.topology.shard(keyspace, "0");
  const control = create(Shard_TabletControlSchema, { tabletType: TabletType.PRIMARY, deniedTables });
  record.put({ ...(record.get() ?? create(ShardSchema)), tabletControls: [control] });
  for (const tablet of cluster.tablets) if (tablet.keyspace === keyspace) tablet.refreshState();
  cluster.clock.advance(60_000);
}

/** The sides that deny it. */
export const denying = (cluster: SimCluster): readonly string[] =>
  ["customer", "moved"].filter(
    (keyspace) => (cluster.topology.shard(keyspace, "0").get()?.tabletControls.length ?? 0) > 0,
  );

/** D2: a rollback that opened neither side. */
export const closed: Residue = {
  name: "a table that both sides of a MoveTables deny",
  build() {
    const cluster = moving.build();
    deny(cluster, "customer", "customer");
    return cluster;
  },
  request: {},
  fixes: ["denied-tables-both-sides"],
  left: (cluster) => (denying(cluster).includes("customer") ? ["customer denies it"] : []),
};

/** ApplyRoutingRules with these turned. */
export function turn(cluster: SimCluster, to: Readonly<Record<string, string>>): void {
  const at = cluster.topology.routingRules();
  const rules = (at.get()?.rules ?? []).map((rule) =>
    create(RoutingRuleSchema, {
      fromTable: rule.fromTable,
      toTables: [to[rule.fromTable] ?? rule.toTables[0] ?? ""],
    }),
  );
  at.put(create(RoutingRulesSchema, { rules }));
  cluster.run(
    (function* () {
      yield* rebuildSrvVSchema(cluster, cluster.version);
      return done;
    })(),
  );
  cluster.clock.advance(60_000);
}

/** D6: one of the nine rules was turned by hand. */
export const contradicting: Residue = {
  name: "rules of a MoveTables that lead to both of its sides",
  build() {
    const cluster = moving.build();
    turn(cluster, { "moved.customer": "moved.customer" });
    return cluster;
  },
  request: {},
  fixes: ["routing-rules-inconsistent"],
  left: ({ topology }) =>
    (topology.routingRules().get()?.rules ?? []).flatMap(({ fromTable, toTables }) =>
      toTables.join() === "customer.customer" ? [] : [fromTable],
    ),
};

export const SIDED: readonly Residue[] = [closed, contradicting];
