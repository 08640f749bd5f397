import type { Snapshot } from "../../snapshot/snapshot.js";
import { type MarkedEntry, markOf } from "../mark.js";
import type { ClusterMark, PlanCluster } from "../plan.js";

/** Which cluster a snapshot is of: a plan runs on no other (design D13). */
export const planCluster = (snapshot: Snapshot): PlanCluster => {
  const meta = new Map(
    snapshot
      .all<{ name: string; value: string }>("SELECT name, value FROM meta")
      .map((row) => [row.name, row.value]),
  );
  const servers = snapshot.all<{ server: string; cluster_id: string }>(
    `SELECT server, cluster_id FROM topo_server
     WHERE cluster_id IS NOT NULL AND server IN (SELECT server FROM topo_root) ORDER BY server`,
  );
  return {
    globalServer: meta.get("global_server") ?? "",
    globalRoot: meta.get("global_root") ?? "",
    clusterIds: Object.fromEntries(servers.map((row) => [row.server, row.cluster_id])),
    marks: servers.flatMap(({ server }) => marksOn(snapshot, server)),
    roots: snapshot.all("SELECT name, server, root FROM topo_root ORDER BY name"),
  };
};

/**
 * Of each kind the records that were created last: clusters that one script set up are alike in the first. Shard and Tablet records hold
 * times to the nanosecond.
 */
const MARKED = ["cell", "keyspace", "shard", "tablet"];
const MOST_OF_A_KIND = 4;

const marksOn = (snapshot: Snapshot, server: string): readonly ClusterMark[] =>
  MARKED.flatMap((table) =>
    snapshot.all<MarkedEntry>(
      `SELECT k.key, k.value, k.create_revision AS createRevision, k.mod_revision AS modRevision
       FROM topo_key k WHERE k.server = ? AND k.key IN (SELECT key FROM ${table})
       ORDER BY k.create_revision DESC, k.key LIMIT ${MOST_OF_A_KIND}`,
      server,
    ),
  ).map((entry) => markOf(server, entry));
