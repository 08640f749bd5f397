import { create } from "@bufbuild/protobuf";
import { formatAlias } from "../../src/cluster/alias.js";
import { TabletType } from "../../src/proto/gen/topodata_pb.js";
import {
  ColumnVindexSchema,
  KeyspaceSchema,
  TableSchema,
  VindexSchema,
} from "../../src/proto/gen/vschema_pb.js";
import { SimCluster } from "../../src/sim/cluster.js";
import { applySchema, applyVSchema, createKeyspace, insertRows } from "../../src/sim/native/keyspace.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { rebuildSrvKeyspace } from "../../src/sim/native/serving-graph.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import type { VitessVersion } from "../../src/sim/stream-row.js";

/** What a random cluster is built from. */
export interface Shape {
  readonly version: VitessVersion;
  /** A second cell, with an etcd of its own and replicas. */
  readonly secondCell: boolean;
  /** The Reshard of customer merges -80 and 80- into 0, in place of splitting it. */
  readonly merges: boolean;
  /** product, from which MoveTables and Materialize read, has two shards. */
  readonly productSharded: boolean;
}

const TABLES = {
  customer: ["customer", "corder"],
  product: ["item", "stock"],
  moved: [],
  report: [],
} as const;

type KeyspaceName = keyof typeof TABLES;

const definitionOf = (table: string): string =>
  `CREATE TABLE \`${table}\` (\n  \`id\` bigint NOT NULL,\n  \`name\` varchar(64) DEFAULT NULL,\n  PRIMARY KEY (\`id\`),\n  KEY \`name\` (\`name\`)\n) ENGINE=InnoDB`;

const ROWS = Array.from({ length: 8 }, (_, index) => ({
  key: `${index + 1}`,
  content: `row ${index + 1}`,
}));

/**
 * customer with the shards that its Reshard reads from (they serve) and writes to; product; the unsharded keyspaces moved and report. Each
 * shard has a primary and a replica in zone1, and in zone2, if there is one, another replica.
 */
export function clusterOf(shape: Shape): SimCluster {
  const cluster = new SimCluster({ version: shape.version });
  cluster.addCell("zone1");
  if (shape.secondCell) cluster.addCell("zone2", { server: "etcd-zone2:2379" });
  const split = ["-80", "80-"];
  const [serving, waiting] = shape.merges ? [split, ["0"]] : [["0"], split];
  keyspace(cluster, shape, "customer", 100, [...serving, ...waiting]);
  keyspace(cluster, shape, "product", 400, shape.productSharded ? split : ["0"]);
  keyspace(cluster, shape, "moved", 700, ["0"]);
  keyspace(cluster, shape, "report", 800, ["0"]);
  cluster.clock.advance(60_000);
  return cluster;
}

function keyspace(
  cluster: SimCluster,
  shape: Shape,
  name: KeyspaceName,
  firstUid: number,
  shards: readonly string[],
): void {
  cluster.run(createKeyspace(cluster, name));
  for (const [index, shard] of shards.entries()) {
    const first = firstUid + 10 * index;
    const places = [
      { cell: "zone1", uid: first, type: TabletType.REPLICA },
      { cell: "zone1", uid: first + 1, type: TabletType.REPLICA },
      ...(shape.secondCell ? [{ cell: "zone2", uid: first + 2, type: TabletType.REPLICA }] : []),
    ];
    for (const { cell, uid, type } of places) {
      const options = { alias: { cell, uid }, keyspace: name, shard, type };
      cluster.run(startTablet(cluster, cluster.addTablet(options)));
    }
    const primary = formatAlias({ cell: "zone1", uid: first });
    cluster.run(plannedReparent(cluster, cluster.tablet(primary)));
  }
  for (const cell of cluster.topology.cells) rebuildSrvKeyspace(cluster, cell, name);
  const tables: readonly string[] = TABLES[name];
  if (tables.length === 0) return;
  cluster.run(
    applySchema(cluster, name, Object.fromEntries(tables.map((table) => [table, definitionOf(table)]))),
  );
  const sharded = shards.length > 1;
  const byId = { columnVindexes: [create(ColumnVindexSchema, { column: "id", name: "hash" })] };
  cluster.run(
    applyVSchema(
      cluster,
      name,
      create(KeyspaceSchema, {
        sharded,
        vindexes: sharded ? { hash: create(VindexSchema, { type: "hash" }) } : {},
        tables: Object.fromEntries(tables.map((table) => [table, create(TableSchema, sharded ? byId : {})])),
      }),
    ),
  );
  for (const table of tables) insertRows(cluster, name, table, ROWS);
}
