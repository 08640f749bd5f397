import { create } from "@bufbuild/protobuf";
import { formatAlias } from "../cluster/alias.js";
import { ColumnVindexSchema, KeyspaceSchema, TableSchema, VindexSchema } from "../proto/gen/vschema_pb.js";
import { SimCluster, type SimOptions } from "./cluster.js";
import { applySchema, applyVSchema, createKeyspace, insertRows } from "./native/keyspace.js";
import { plannedReparent } from "./native/reparent.js";
import { reshardCancel } from "./native/reshard-cancel.js";
import { reshardCreate } from "./native/reshard-create.js";
import { startTablet } from "./native/start-tablet.js";

const CUSTOMER =
  "CREATE TABLE `customer` (\n  `id` bigint NOT NULL,\n  `name` varchar(64) DEFAULT NULL,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci";
const CORDER =
  "CREATE TABLE `corder` (\n  `id` bigint NOT NULL,\n  `customer_id` bigint DEFAULT NULL,\n  `sku` varchar(20) DEFAULT NULL,\n  PRIMARY KEY (`id`),\n  KEY `customer_id` (`customer_id`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci";

export interface LabOptions extends SimOptions {
  /** Rows of each of the two tables before the Reshard; 1000 where not said. */
  readonly rows?: number;
}

/**
 * The cluster of the recorded states: cell zone1, keyspace customer with shard 0 (tablet 100), -80 (200, replica 201) and 80- (300),
 * tables customer and corder, VSchema by `hash`. No workflow yet.
 */
export const labCluster = (options: LabOptions = {}): SimCluster => {
  const cluster = new SimCluster(options);
  cluster.addCell("zone1");
  addLabKeyspace(cluster, "customer", 100, options.rows);
  return cluster;
};

/** A keyspace like customer, with its tablets numbered from `firstUid`. */
const addLabKeyspace = (cluster: SimCluster, keyspace: string, firstUid: number, rowCount = 1000): void => {
  cluster.run(createKeyspace(cluster, keyspace));
  for (const [offset, shard] of [
    [0, "0"],
    [100, "-80"],
    [101, "-80"],
    [200, "80-"],
  ] as const) {
    const alias = { cell: "zone1", uid: firstUid + offset };
    cluster.run(startTablet(cluster, cluster.addTablet({ alias, keyspace, shard })));
  }
  for (const offset of [0, 100, 200]) {
    const alias = formatAlias({ cell: "zone1", uid: firstUid + offset });
    cluster.run(plannedReparent(cluster, cluster.tablet(alias)));
  }
  cluster.run(applySchema(cluster, keyspace, { customer: CUSTOMER, corder: CORDER }));
  cluster.run(
    applyVSchema(
      cluster,
      keyspace,
      create(KeyspaceSchema, {
        sharded: true,
        vindexes: { hash: create(VindexSchema, { type: "hash" }) },
        tables: {
          customer: create(TableSchema, {
            columnVindexes: [create(ColumnVindexSchema, { column: "id", name: "hash" })],
          }),
          corder: create(TableSchema, {
            columnVindexes: [create(ColumnVindexSchema, { column: "customer_id", name: "hash" })],
          }),
        },
      }),
    ),
  );
  const rows = Array.from({ length: rowCount }, (_, index) => ({
    key: `${index + 1}`,
    content: `c${index + 1}`,
  }));
  for (const table of ["customer", "corder"]) insertRows(cluster, keyspace, table, rows);
};

/** The same with Reshard workflow c2, 0 -> -80, 80-, copied and Running (unless `copyRowsPerSecond` holds it back). */
export const reshardingLab = (options: LabOptions = {}): SimCluster => {
  const cluster = labCluster(options);
  reshard(cluster, "customer", "c2");
  return cluster;
};

/**
 * Two of it: in keyspace customer `Reshard cancel` of Vitess 19 deleted the target shards of c2 under its running tablets a minute ago; in
 * keyspace product (tablets 400, 500, 501, 600) Reshard p2 runs as it should.
 */
export const brokenLab = (options: LabOptions = {}): SimCluster => {
  const cluster = reshardingLab({ ...options, version: "19.0.10" });
  addLabKeyspace(cluster, "product", 400, options.rows);
  reshard(cluster, "product", "p2");
  cluster.run(reshardCancel(cluster, { keyspace: "customer", workflow: "c2", version: 19 }));
  cluster.clock.advance(60_000);
  return cluster;
};

const reshard = (cluster: SimCluster, keyspace: string, workflow: string): void => {
  cluster.run(reshardCreate(cluster, { keyspace, workflow, sources: ["0"], targets: ["-80", "80-"] }));
  cluster.clock.advance(3_000);
};
