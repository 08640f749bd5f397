import { formatAlias } from "../cluster/alias.js";
import type { StreamHealthResponse } from "../proto/gen/query_pb.js";
import { TabletType } from "../proto/gen/topodata_pb.js";
import type { TabletIdentity } from "./access.js";

/** Who a process says it is. The target's cell is empty in practice; the alias carries it (docs/vitess.md#stream-health). */
export function identityOf(health: StreamHealthResponse): TabletIdentity | null {
  if (health.tabletAlias === undefined) return null;
  return {
    alias: formatAlias(health.tabletAlias),
    keyspace: health.target?.keyspace ?? "",
    shard: health.target?.shard ?? "",
    type: TabletType[health.target?.tabletType ?? TabletType.UNKNOWN] ?? "UNKNOWN",
    serving: health.serving,
    termStart: Number(health.primaryTermStartTimestamp),
    healthError: health.realtimeStats?.healthError ?? "",
  };
}
