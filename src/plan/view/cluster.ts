import type { Snapshot } from "../../snapshot/snapshot.js";
import { type MarkedEntry, markOf } from "../mark.js";
import type { ClusterMark, PlanCluster } from "../plan.js";

/** Which cluster a snapshot is of: a plan runs on no other (docs/decisions.md#d13). */
export const planCluster = (snapshot: Snapshot): PlanCluster => {
  const meta = new Map(snapshot.rows("meta").map(({ name, value }) => [name, value]));
  const servers = snapshot.all<{ server: string; cluster_id: string }>(
    `SELECT server, cluster_id FROM topo_server
     WHERE cluster_id IS NOT NULL AND server IN (SELECT server FROM topo_root) ORDER BY server`,
  );
  return {
    globalServer: meta.get("global_server") ?? "",
    globalRoot: meta.get("global_root") ?? "",
    clusterIds: Object.fromEntries(servers.map((row) => [row.server, row.cluster_id])),
    marks: servers.flatMap(({ server }) => marksOn(snapshot, server)),
    roots: snapshot.rows("topo_root"),
  };
};

/**
 * Of each kind the records that were created last: clusters that one script set up are alike in the first, and Shard and Tablet records
 * hold times to the nanosecond. Tablet records, which a restart may create anew, only where a cell's own etcd has nothing else.
 */
const marksOn = (snapshot: Snapshot, server: string): readonly ClusterMark[] => {
  const lasting = ["cell", "keyspace", "shard"].flatMap((table) => newest(snapshot, server, table));
  return (lasting.length > 0 ? lasting : newest(snapshot, server, "tablet")).map((entry) =>
    markOf(server, entry),
  );
};

const newest = (snapshot: Snapshot, server: string, table: string): readonly MarkedEntry[] =>
  snapshot.all<MarkedEntry>(
    `SELECT key, value, create_revision AS createRevision, mod_revision AS modRevision
     FROM topo_key WHERE server = ? AND key IN (SELECT key FROM ${table})
     ORDER BY create_revision DESC, key LIMIT 4`,
    server,
  );
