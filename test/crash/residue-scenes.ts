import { create } from "@bufbuild/protobuf";
import { migrationId } from "../../src/cluster/journal.js";
import { ShardSchema } from "../../src/proto/gen/topodata_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
import { formatLockBody } from "../../src/topology/lock-body.js";
import { deleteShards } from "../sim/native/delete-shards.js";
import { moveTablesCancel } from "../sim/native/move-tables-cancel.js";
import { switchAll } from "../sim/native/switch-traffic.js";
import { MISRECORDED } from "./record-scenes.js";
import { MISRULED } from "./rules-scenes.js";
import { moving, type Residue, type Scene } from "./scene.js";
import { SIDED } from "./sides-scenes.js";
import { LEFT_STREAMS } from "./stream-scenes.js";

const rowsOf = (cluster: SimCluster, alias: string): readonly string[] => {
  const { mysql, engine } = cluster.tablet(alias);
  return [
    ...mysql.data.sidecar.vreplication.map(({ id }) => `row ${id} on ${alias}`),
    ...engine.streams.map(({ id }) => `stream ${id} in the engine of ${alias}`),
  ];
};

const haunted = (version: "19.0.10" | "24.0.4"): Residue => ({
  name: `a stream without a row on Vitess ${version}`,
  build() {
    const cluster = reshardingLab({ version, rows: 20 });
    cluster.tablet("zone1-0000000200").executeAsDba("delete from _vt.vreplication where id=1");
    return cluster;
  },
  request: {},
  fixes: ["stream-without-row"],
  left: (cluster) => ["zone1-0000000200", "zone1-0000000201"].flatMap((alias) => rowsOf(cluster, alias)),
});

const JOURNAL = migrationId("customer", [
  { shard: "-80", id: 1 },
  { shard: "80-", id: 1 },
]);

const loaded: Residue = {
  name: "an old journal with the id of a living workflow",
  build() {
    const cluster = reshardingLab({ version: "24.0.4", rows: 20 });
    const { mysql } = cluster.tablet("zone1-0000000100");
    const val = `id:${JOURNAL} migration_type:SHARDS local_position:"MySQL56/${mysql.uuid}:1-2" participants:{keyspace:"customer" shard:"0"}`;
    mysql.write(({ sidecar }) => {
      sidecar.journals = [{ id: JOURNAL, dbName: "vt_customer", val }];
    });
    cluster.clock.advance(3_000);
    return cluster;
  },
  request: {},
  fixes: ["journal-id-collision"],
  left: (cluster) =>
    cluster.tablet("zone1-0000000100").mysql.data.sidecar.journals.map(({ id }) => `journal ${id}`),
};

/** S7: the cancel kept the tables, and their denial. */
const denied: Residue = {
  name: "tables that a cancel kept and left denied",
  build() {
    const cluster = moving.build();
    cluster.run(
      moveTablesCancel(cluster, {
        keyspace: "moved",
        workflow: "c2",
        keepData: true,
        keepRoutingRules: true,
      }),
    );
    cluster.clock.advance(60_000);
    return cluster;
  },
  request: {},
  fixes: ["keep-data-denial-residue"],
  left: (cluster) => [
    ...(cluster.topology.shard("moved", "0").get()?.tabletControls ?? []).map(() => "a tablet control"),
    ...cluster.tablet("zone1-0000000400").deniedTables.map((table) => `${table} denied by the tablet`),
  ],
};

/** The same, and a person lifted one denial and made another by hand, and told no tablet of it. */
export const untold: Residue = {
  name: "a denial that was lifted behind the tablet's back",
  build() {
    const cluster = denied.build();
    const record = cluster.topology.shard("moved", "0");
    const tabletControls = (record.get()?.tabletControls ?? []).map((control) => ({
      ...control,
      deniedTables: ["later"],
    }));
    record.put({ ...(record.get() ?? create(ShardSchema)), tabletControls });
    cluster.clock.advance(60_000);
    return cluster;
  },
  request: {},
  fixes: ["tablet-state-not-refreshed"],
  left: (cluster) =>
    cluster.tablet("zone1-0000000400").deniedTables.map((table) => `${table} denied by the tablet`),
};

/** S16: both serving records of a cell. */
export const unserved: Residue = {
  name: "a cell without its serving records",
  build() {
    const cluster = reshardingLab({ version: "24.0.4", rows: 20 });
    cluster.topology.srvKeyspace("zone1", "customer").delete();
    cluster.topology.srvVSchema("zone1").delete();
    cluster.clock.advance(60_000);
    return cluster;
  },
  request: {},
  fixes: ["srvkeyspace-missing", "srvvschema-missing"],
  left: ({ topology }) => [
    ...(topology.srvKeyspace("zone1", "customer").get() === null ? ["no SrvKeyspace"] : []),
    ...(topology.srvVSchema("zone1").get() === null ? ["no SrvVSchema"] : []),
  ],
};

/** The same, of which one is repaired: without the other nobody is served, so that an undo takes nothing from anybody. */
export const halfServed: Scene = { ...unserved, fixes: ["srvkeyspace-missing"] };

const NAMED_LOCKS = "/vitess/global/internal/named_locks/customer/c2/locks/";

/** A vtctld died hours ago; its lease has most of a day to go (docs/vitess.md#locks-after-a-crash). */
const locked: Residue = {
  name: "the lock of a vtctld that died",
  build() {
    const cluster = reshardingLab({ version: "24.0.4", rows: 20 });
    const { etcd } = cluster.topology.global;
    const lease = etcd.grant(86_400);
    const time = cluster.clock.now();
    const holder = { hostName: "vtctld-0", userName: "vitess", time };
    etcd.put(`${NAMED_LOCKS}${lease}`, formatLockBody({ action: "WorkflowSwitchTraffic", ...holder }), lease);
    cluster.clock.advance(6 * 3_600_000);
    return cluster;
  },
  request: {},
  fixes: ["topo-lock-stale"],
  left: ({ topology }) => topology.global.etcd.range(NAMED_LOCKS).map(({ key }) => key),
};

/** All traffic was switched, and the source's records were deleted before `complete`: no workflow command of Vitess reaches the streams. */
export function sourceDeleted(): SimCluster {
  const cluster = reshardingLab({ version: "24.0.4", rows: 20 });
  cluster.run(switchAll(cluster, { keyspace: "customer", workflow: "c2" }));
  cluster.clock.advance(60_000);
  cluster.run(deleteShards(cluster, "customer", ["0"]));
  cluster.clock.advance(60_000);
  return cluster;
}

const pruned: Residue = {
  name: "a finished switch whose source is gone",
  build() {
    const cluster = sourceDeleted();
    for (const tablet of cluster.tablets) if (tablet.shard === "0") tablet.stop();
    cluster.clock.advance(60_000);
    return cluster;
  },
  request: {},
  fixes: ["stream-source-shard-missing"],
  left: (cluster) => ["zone1-0000000200", "zone1-0000000300"].flatMap((alias) => rowsOf(cluster, alias)),
};

export const RESIDUES: readonly Residue[] = [
  haunted("19.0.10"),
  haunted("24.0.4"),
  loaded,
  denied,
  untold,
  unserved,
  locked,
  pruned,
  ...MISRECORDED,
  ...MISRULED,
  ...SIDED,
  ...LEFT_STREAMS,
];
