import type { Tablet } from "../proto/gen/topodata_pb.js";
import type { TabletAddress } from "./access.js";

/** Where a Tablet record says that its process runs; ports are 0 and hosts empty where it names none. */
export const addressOfRecord = (tablet: Tablet): TabletAddress => ({
  host: tablet.hostname,
  grpcPort: tablet.portMap.grpc ?? 0,
  httpPort: tablet.portMap.vt ?? 0,
  mysqlHost: tablet.mysqlHostname,
  mysqlPort: tablet.mysqlPort,
});

/**
 * True where the record names a process that should answer. Vitess's own client skips the others: no hostname, no gRPC port, or
 * (v24) a shutdown time (docs/vitess.md#tablet-grpc; a clean stop keeps mysql_port and the type, docs/vitess.md#shutdown).
 */
export const namesProcess = (tablet: Tablet): boolean =>
  tablet.hostname !== "" && (tablet.portMap.grpc ?? 0) > 0 && tablet.tabletShutdownTime === undefined;
