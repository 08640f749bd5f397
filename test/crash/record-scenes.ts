import { create } from "@bufbuild/protobuf";
import {
  KeyspaceSchema,
  Shard_SourceShardSchema,
  ShardReplicationSchema,
  ShardSchema,
  ShardTabletControlSchema,
  SrvKeyspaceSchema,
  TabletAliasSchema,
  ThrottledAppRuleSchema,
  ThrottlerConfigSchema,
} from "../../src/proto/gen/topodata_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { labCluster, reshardingLab } from "../../src/sim/lab.js";
import { startTablet } from "../../src/sim/native/start-tablet.js";
import type { Residue } from "./scene.js";

const LISTED = [200, 201];

const listing = (cluster: SimCluster) => cluster.topology.shardReplication("zone1", "customer", "-80");

/** The replica is missing in the list of its shard, and one is in it that nobody has a record of. */
const misListed: Residue = {
  name: "a shard's list of tablets that lacks one and names another",
  build() {
    const cluster = reshardingLab({ version: "24.0.4", rows: 20 });
    listing(cluster).put(
      create(ShardReplicationSchema, {
        nodes: [200, 999].map((uid) => ({ tabletAlias: { cell: "zone1", uid } })),
      }),
    );
    cluster.clock.advance(60_000);
    return cluster;
  },
  request: {},
  fixes: ["shard-replication-missing-node", "shard-replication-stale-node"],
  left(cluster) {
    const uids = (listing(cluster).get()?.nodes ?? []).flatMap(({ tabletAlias }) => tabletAlias?.uid ?? []);
    return [
      ...uids.filter((uid) => !LISTED.includes(uid)).map((uid) => `${uid} is listed`),
      ...LISTED.filter((uid) => !uids.includes(uid)).map((uid) => `${uid} is not listed`),
    ];
  },
};

const OLD = "/vitess/zone1/keyspaces/old";

/** DeleteKeyspace passed over the cell (docs/vitess.md#directories). */
const outlived: Residue = {
  name: "a cell that still routes a keyspace which is gone",
  build() {
    const cluster = reshardingLab({ version: "24.0.4", rows: 20 });
    const { topology } = cluster;
    const [graph, list] = [topology.srvKeyspace("zone1", "customer"), listing(cluster)];
    topology.srvKeyspace("zone1", "old").put(graph.get() ?? create(SrvKeyspaceSchema));
    topology.shardReplication("zone1", "old", "0").put(list.get() ?? create(ShardReplicationSchema));
    cluster.clock.advance(60_000);
    return cluster;
  },
  request: {},
  fixes: ["srvkeyspace-orphan"],
  left: ({ topology }) => topology.global.etcd.range(`${OLD}/`).map(({ key }) => key),
};

/** What UpdateThrottlerConfig wrote did not come to the cell. */
const unthrottled: Residue = {
  name: "a cell without the throttler settings of its keyspace",
  build() {
    const cluster = reshardingLab({ version: "24.0.4", rows: 20 });
    const record = cluster.topology.keyspace("customer");
    const throttlerConfig = create(ThrottlerConfigSchema, { enabled: true, threshold: 1.5 });
    record.put({ ...(record.get() ?? create(KeyspaceSchema)), throttlerConfig });
    cluster.clock.advance(60_000);
    return cluster;
  },
  request: {},
  fixes: ["srvkeyspace-throttler-drift"],
  left: ({ topology }) =>
    topology.srvKeyspace("zone1", "customer").get()?.throttlerConfig?.threshold === 1.5
      ? []
      : ["SrvKeyspace without its settings"],
};
/** What a Reshard of before VReplication left in the record of a shard that serves. */
const sourced: Residue = {
  name: "a serving shard that names sources",
  build() {
    const cluster = labCluster({ version: "24.0.4", rows: 20 });
    const record = cluster.topology.shard("customer", "0");
    const sourceShards = [create(Shard_SourceShardSchema, { uid: 1, keyspace: "customer", shard: "-" })];
    record.put({ ...(record.get() ?? create(ShardSchema)), sourceShards });
    cluster.clock.advance(60_000);
    return cluster;
  },
  request: {},
  fixes: ["source-shards-leftover"],
  left: ({ topology }) =>
    (topology.shard("customer", "0").get()?.sourceShards ?? []).map(({ shard }) => `the source ${shard}`),
};

/** UpdateThrottlerConfig --throttle-app with a duration of years. */
export const forgotten: Residue = {
  name: "an app that nobody took the throttle off",
  build() {
    const cluster = reshardingLab({ version: "24.0.4", rows: 20 });
    const { topology } = cluster;
    const rule = create(ThrottledAppRuleSchema, {
      name: "online-ddl",
      ratio: 1,
      expiresAt: { seconds: 4_000_000_000n },
    });
    const throttlerConfig = create(ThrottlerConfigSchema, { throttledApps: { "online-ddl": rule } });
    const [record, graph] = [topology.keyspace("customer"), topology.srvKeyspace("zone1", "customer")];
    record.put({ ...(record.get() ?? create(KeyspaceSchema)), throttlerConfig });
    graph.put({ ...(graph.get() ?? create(SrvKeyspaceSchema)), throttlerConfig });
    cluster.clock.advance(60_000);
    return cluster;
  },
  request: {},
  fixes: ["throttled-app-leftover"],
  left: ({ topology }) =>
    [topology.keyspace("customer").get(), topology.srvKeyspace("zone1", "customer").get()].flatMap(
      (record) =>
        (record?.throttlerConfig?.throttledApps["online-ddl"]?.expiresAt?.seconds ?? 0n) > 1n
          ? [`${record?.$typeName} with its rule`]
          : [],
    ),
};

/** An edit by hand: its own term is in the record, so the primary leaves it (docs/vitess.md#shard-sync). */
const misnamed: Residue = {
  name: "a Shard record that names a replica",
  build() {
    const cluster = labCluster({ version: "24.0.4", rows: 20 });
    const record = cluster.topology.shard("customer", "-80");
    record.put({
      ...(record.get() ?? create(ShardSchema)),
      primaryAlias: create(TabletAliasSchema, { cell: "zone1", uid: 201 }),
    });
    cluster.clock.advance(600_000);
    return cluster;
  },
  request: {},
  fixes: ["shard-primary-alias-mismatch"],
  left({ topology }) {
    const uid = topology.shard("customer", "-80").get()?.primaryAlias?.uid;
    return uid === 200 ? [] : [`${uid} is named`];
  },
};

/** Killed: one of three tablets, and the only one of a shard whose record was deleted. */
const dead: Residue = {
  name: "records of tablets that do not run any more",
  build() {
    const cluster = labCluster({ version: "24.0.4", rows: 20 });
    for (const [uid, shard] of [
      [202, "-80"],
      [500, "0-"],
    ] as const) {
      const tablet = cluster.addTablet({ alias: { cell: "zone1", uid }, keyspace: "customer", shard });
      cluster.run(startTablet(cluster, tablet));
      tablet.kill();
    }
    const shard = "/vitess/global/keyspaces/customer/shards/0-/Shard";
    cluster.topology.global.etcd.txn([], [{ kind: "delete", key: shard }]);
    cluster.clock.advance(60_000);
    return cluster;
  },
  request: {},
  fixes: ["tablet-record-dead-address", "tablet-record-shard-missing"],
  left: ({ topology }) => [
    ...[202, 500].flatMap((uid) =>
      topology.tablet({ cell: "zone1", uid }).get() === null ? [] : [`the record of ${uid}`],
    ),
    ...["-80", "0-"].flatMap((shard) =>
      (topology.shardReplication("zone1", "customer", shard).get()?.nodes ?? []).flatMap(({ tabletAlias }) =>
        tabletAlias === undefined || LISTED.includes(tabletAlias.uid) ? [] : [`${tabletAlias.uid} is listed`],
      ),
    ),
  ],
};

/** As `SetShardTabletControl --disable-query-service=false` leaves one, and one of a shard that is gone. */
const idle: Residue = {
  name: "a cell's controls that stop nothing",
  build() {
    const cluster = labCluster({ version: "24.0.4", rows: 20 });
    const record = cluster.topology.srvKeyspace("zone1", "customer");
    const graph = record.get() ?? create(SrvKeyspaceSchema);
    const controls = [
      { name: "0", queryServiceDisabled: false },
      { name: "gone", queryServiceDisabled: true },
    ].map((control) => create(ShardTabletControlSchema, control));
    const [first, ...others] = graph.partitions;
    if (first !== undefined)
      record.put({ ...graph, partitions: [{ ...first, shardTabletControls: controls }, ...others] });
    cluster.clock.advance(60_000);
    return cluster;
  },
  request: {},
  fixes: ["tablet-controls-lingering"],
  left: ({ topology }) =>
    (topology.srvKeyspace("zone1", "customer").get()?.partitions ?? []).flatMap(({ shardTabletControls }) =>
      shardTabletControls.map(({ name }) => `a control of ${name}`),
    ),
};

export const MISRECORDED: readonly Residue[] = [
  ...[misListed, outlived, unthrottled, sourced, forgotten],
  ...[misnamed, dead, idle],
];
