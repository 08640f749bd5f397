import { labCluster } from "../../src/sim/lab.js";
import { insertStream } from "../../src/sim/native/workflow.js";
import type { Residue } from "./scene.js";

export const UUID = "a1b2c3d4_0000_11ee_8000_0a0b0c0d0e0f";
const PRIMARY = "zone1-0000000100";
const ONLINE_DDL = 5;

/** Its row in `_vt.schema_migrations` was purged by hand; the stream was left Stopped when the migration was complete. */
export const migrated: Residue = {
  name: "a stream whose migration has no row",
  build() {
    const cluster = labCluster({ version: "24.0.4", rows: 20 });
    const tablet = cluster.tablet(PRIMARY);
    const source = `keyspace:"customer" shard:"0" filter:{rules:{match:"_vt_vrp_${UUID.replaceAll("_", "")}_20260101000000_" filter:"select * from customer"}}`;
    tablet.engine.exec(
      insertStream(tablet, { workflow: UUID, dbName: "vt_customer", source, workflowType: ONLINE_DDL }),
    );
    cluster.clock.advance(60_000);
    return cluster;
  },
  request: {},
  fixes: ["onlineddl-stream-orphan"],
  left: (cluster) =>
    cluster.tablet(PRIMARY).mysql.data.sidecar.vreplication.map(({ id }) => `row ${id} on ${PRIMARY}`),
};

export const LEFT_STREAMS: readonly Residue[] = [migrated];
