import type { Snapshot } from "../../snapshot/snapshot.js";
import { keyspaceKey, shardKey } from "../../topology/paths.js";
import type { Guard } from "../draft.js";
import { processesOfKeyspace, processesOfShard } from "../facts/processes.js";
import { globalRoot, keyFact, shardName } from "../facts/topology.js";

interface Ruled {
  readonly rule: string;
  readonly object: Readonly<Record<string, string>>;
}

/**
 * Rules that a finished migration left as its end: without them clients would meet the rows that it moved away from, or nobody. Where they
 * lead to is broken at the moment proves nothing: only what is gone, with its tablets, serves nobody any more.
 */
export const stillServing: Guard<Ruled> = (snapshot, { rule, object }) => {
  const { keyspace = "", to = "", shards = "" } = object;
  if (keyspace === to) return [];
  const led =
    rule === "shard-routing-rules-orphan"
      ? shards
          .split(",")
          .filter((shard) => isRouted(snapshot, keyspace, shard) && isThere(snapshot, to, shard))
      : rule === "keyspace-routing-rules-orphan" && isThere(snapshot, to, null)
        ? [""]
        : [];
  return led.slice(0, 1).map((shard) => {
    const [from, goal] = [keyspace, to].map((name) =>
      shard === "" ? name : shardName({ keyspace: name, shard }),
    );
    return {
      reason: `queries of ${from} are led to ${goal} by this rule alone: without it they would meet what ${from} has, and nobody has proven that to be the same`,
      instead: `keep the rule while any client names ${keyspace}; it is needless once ${goal} is gone`,
    };
  });
};

const isRouted = (snapshot: Snapshot, keyspace: string, shard: string): boolean =>
  snapshot.rows("srv_partition", { keyspace, shard }).length > 0;

/** Also a record that can not be decoded. */
const isThere = (snapshot: Snapshot, keyspace: string, shard: string | null): boolean => {
  const { server, root } = globalRoot(snapshot);
  const key = shard === null ? keyspaceKey(root, keyspace) : shardKey(root, keyspace, shard);
  const processes =
    shard === null ? processesOfKeyspace(snapshot, keyspace) : processesOfShard(snapshot, keyspace, shard);
  return keyFact(snapshot, server, key) !== null || processes.length > 0;
};
