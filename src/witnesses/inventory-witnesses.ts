import type { Inventory } from "./inventory.js";
import type { Witness } from "./witness.js";

/** The addresses of the inventory file: the operator expects each of them to answer. */
export const inventoryWitnesses = (inventory: Inventory): readonly Witness[] =>
  inventory.tablets.map((tablet, index) => ({
    source: "inventory",
    detail: `entry ${index + 1}`,
    at: {
      host: tablet.host,
      grpcPort: tablet.grpc,
      httpPort: tablet.http ?? 0,
      mysqlHost: tablet.mysql === undefined ? "" : tablet.host,
      mysqlPort: tablet.mysql ?? 0,
    },
    alias: null,
    keyspace: null,
    required: true,
  }));
