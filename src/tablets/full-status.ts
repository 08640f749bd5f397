import type { FullStatus } from "../proto/gen/replicationdata_pb.js";
import type { TabletStatus } from "./access.js";

/** FullStatus reduced to what vtdoctor reads. The two positions are the same executed set; a source has no replication status. */
export function statusOf(status: FullStatus): TabletStatus {
  const replication = status.replicationStatus;
  return {
    serverUuid: status.serverUuid,
    serverVersion: status.version,
    readOnly: status.readOnly,
    superReadOnly: status.superReadOnly,
    position: status.primaryStatus?.position || replication?.position || "",
    sourceHost: replication?.sourceHost ?? "",
    sourcePort: replication?.sourcePort ?? 0,
    ioState: replication?.ioState ?? 0,
    sqlState: replication?.sqlState ?? 0,
    lastError: replication?.lastIoError || replication?.lastSqlError || "",
  };
}
