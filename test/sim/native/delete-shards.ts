import type { SimCluster } from "../../../src/sim/cluster.js";
import { underLock } from "../../../src/sim/native/lock.js";
import { done, type Native } from "../../../src/sim/native/operation.js";
import { deleteShard } from "../../../src/sim/native/reshard-cancel.js";

/** `DeleteShards --recursive --force --even-if-serving`, typed by a person: each under its own shard lock. */
export function* deleteShards(cluster: SimCluster, keyspace: string, shards: readonly string[]): Native {
  for (const shard of shards) {
    const outcome = yield* underLock(
      cluster,
      { target: { kind: "shard", keyspace, shard }, action: "DeleteShard", version: cluster.version },
      () => deleteShard(cluster, keyspace, shard, true),
    );
    if (outcome.kind === "unanswered") return outcome;
  }
  return done;
}
