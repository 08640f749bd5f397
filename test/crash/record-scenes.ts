import { create } from "@bufbuild/protobuf";
import { ShardReplicationSchema } from "../../src/proto/gen/topodata_pb.js";
import type { SimCluster } from "../../src/sim/cluster.js";
import { reshardingLab } from "../../src/sim/lab.js";
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

export const MISRECORDED: readonly Residue[] = [misListed];
