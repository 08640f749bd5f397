import { create } from "@bufbuild/protobuf";
import { ColumnVindexSchema, KeyspaceSchema, TableSchema, VindexSchema } from "../proto/gen/vschema_pb.js";
import { SimCluster, type SimOptions } from "./cluster.js";
import {
  applySchema,
  applyVSchema,
  createKeyspace,
  insertRows,
  plannedReparent,
  reshardCreate,
  startTablet,
} from "./native.js";

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
  cluster.run(createKeyspace(cluster, "customer"));
  for (const [uid, shard] of [
    [100, "0"],
    [200, "-80"],
    [201, "-80"],
    [300, "80-"],
  ] as const)
    cluster.run(
      startTablet(cluster, cluster.addTablet({ alias: { cell: "zone1", uid }, keyspace: "customer", shard })),
    );
  for (const uid of ["100", "200", "300"])
    cluster.run(plannedReparent(cluster, cluster.tablet(`zone1-0000000${uid}`)));
  cluster.run(applySchema(cluster, "customer", { customer: CUSTOMER, corder: CORDER }));
  cluster.run(
    applyVSchema(
      cluster,
      "customer",
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
  const rows = Array.from({ length: options.rows ?? 1000 }, (_, index) => ({
    key: `${index + 1}`,
    content: `c${index + 1}`,
  }));
  for (const table of ["customer", "corder"]) insertRows(cluster, "customer", table, rows);
  return cluster;
};

/** The same with Reshard workflow c2, 0 -> -80, 80-, copied and Running (unless `copyRowsPerSecond` holds it back). */
export const reshardingLab = (options: LabOptions = {}): SimCluster => {
  const cluster = labCluster(options);
  cluster.run(
    reshardCreate(cluster, { keyspace: "customer", workflow: "c2", sources: ["0"], targets: ["-80", "80-"] }),
  );
  cluster.clock.advance(3_000);
  return cluster;
};
