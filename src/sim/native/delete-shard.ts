import { formatAlias } from "../../cluster/alias.js";
import type { SimCluster } from "../cluster.js";
import { done, type Native, refuse } from "./operation.js";

/**
 * `DeleteShard` with recursive (docs/vitess.md#delete-shard): Tablets that ShardReplication lists, ShardReplication, Shard. Takes no lock
 * itself.
 */
export function* deleteShard(
  cluster: SimCluster,
  keyspace: string,
  shard: string,
  evenIfServing = false,
): Native {
  const { topology } = cluster;
  if (topology.shard(keyspace, shard).get() === null) return done;
  if (!evenIfServing && isServing(cluster, keyspace, shard))
    return refuse(
      `shard ${keyspace}/${shard} is still serving, cannot delete it, use the even-if-serving flag if needed`,
    );
  for (const alias of topology.replicas(keyspace, shard)) {
    const record = topology.tablet(alias).get();
    if (record?.keyspace !== keyspace || record.shard !== shard) continue;
    topology.tablet(alias).delete();
    yield `delete Tablet ${formatAlias(alias)}`;
  }
  for (const cell of topology.cells)
    if (topology.shardReplication(cell, keyspace, shard).delete())
      yield `delete ShardReplication ${keyspace}/${shard} in ${cell}`;
  topology.shard(keyspace, shard).delete();
  yield `delete Shard ${keyspace}/${shard}`;
  return done;
}

/** One goroutine a shard: their effects come in any order, all run to their end, and one error is the error of all. */
export function* inParallel(cluster: SimCluster, operations: readonly Native[]): Native {
  let outcome: ReturnType<typeof refuse> | typeof done = done;
  const running = [...operations];
  while (running.length > 0) {
    const index = cluster.random.below(running.length);
    const step = running[index]?.next();
    if (step === undefined || step.done === true) {
      running.splice(index, 1);
      if (step?.value.kind === "unanswered") outcome = step.value;
    } else yield step.value;
  }
  return outcome;
}

const isServing = (cluster: SimCluster, keyspace: string, shard: string): boolean =>
  cluster.topology.cells.some((cell) =>
    (cluster.topology.srvKeyspace(cell, keyspace).get()?.partitions ?? []).some(({ shardReferences }) =>
      shardReferences.some(({ name }) => name === shard),
    ),
  );
