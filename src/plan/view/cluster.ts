import type { Snapshot } from "../../snapshot/snapshot.js";
import type { PlanCluster } from "../plan.js";

/** Which cluster a snapshot is of: a plan runs on no other (design D13). */
export const planCluster = (snapshot: Snapshot): PlanCluster => {
  const meta = new Map(
    snapshot
      .all<{ name: string; value: string }>("SELECT name, value FROM meta")
      .map((row) => [row.name, row.value]),
  );
  const servers = snapshot.all<{ server: string; cluster_id: string }>(
    "SELECT server, cluster_id FROM topo_server WHERE cluster_id IS NOT NULL ORDER BY server",
  );
  return {
    globalServer: meta.get("global_server") ?? "",
    globalRoot: meta.get("global_root") ?? "",
    clusterIds: Object.fromEntries(servers.map((row) => [row.server, row.cluster_id])),
    roots: snapshot.all("SELECT name, server, root FROM topo_root ORDER BY name"),
  };
};
