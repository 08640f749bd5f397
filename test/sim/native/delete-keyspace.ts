import type { SimCluster } from "../../../src/sim/cluster.js";
import { underLock } from "../../../src/sim/native/lock.js";
import { done, type Native } from "../../../src/sim/native/operation.js";
import { deleteShard } from "../../../src/sim/native/reshard-cancel.js";

/** `DeleteKeyspace --recursive`, typed by a person: no tablet is called, and SrvVSchema stays as it is (docs/vitess.md#srvvschema). */
export function* deleteKeyspace(cluster: SimCluster, keyspace: string): Native {
  const { topology, version } = cluster;
  const lock = { target: { kind: "keyspace", keyspace }, action: "DeleteKeyspace", version } as const;
  return yield* underLock(cluster, lock, function* (): Native {
    for (const shard of topology.shards(keyspace)) yield* deleteShard(cluster, keyspace, shard, true);
    for (const cell of topology.cells) {
      topology.srvKeyspace(cell, keyspace).delete();
      yield `delete SrvKeyspace of ${keyspace} in ${cell}`;
    }
    topology.keyspace(keyspace).delete();
    yield `delete Keyspace ${keyspace}`;
    topology.vschema(keyspace).delete();
    yield `delete VSchema of ${keyspace}`;
    return done;
  });
}
