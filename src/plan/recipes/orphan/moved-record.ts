import { clone } from "@bufbuild/protobuf";
import { type Tablet, TabletSchema } from "../../../proto/gen/topodata_pb.js";
import type { Snapshot } from "../../../snapshot/snapshot.js";
import type { ProcessFlags } from "../../view/process-flags.js";
import { type Process, tabletRef } from "../../view/processes.js";

export type Moved =
  | { readonly kind: "moved"; readonly record: Tablet; readonly from: string }
  | { readonly kind: "unproven"; readonly reason: string };

/**
 * The last record of a tablet that runs at another address now, with what the process says of itself in the place of the old host and
 * ports: a record with the old ones would keep the process from publishing for ever (docs/vitess.md#publishing). Only where nobody of
 * that alias can still be at the old address.
 */
export const movedRecord = (
  snapshot: Snapshot,
  record: Tablet,
  process: Process,
  flags: ProcessFlags,
): Moved => {
  const { address } = tabletRef(snapshot, process);
  const from = `${record.hostname}:${record.portMap.grpc ?? 0}`;
  if (flags.grpcPort !== address.grpcPort)
    return unproven(
      flags.grpcPort === undefined
        ? "it does not say on which gRPC port it listens"
        : `it was started with gRPC port ${flags.grpcPort}`,
    );
  const httpPort = flags.httpPort ?? 0;
  const mysqlPort = flags.mysqlPort ?? address.mysqlPort;
  if (httpPort === 0) return unproven("it does not say its HTTP port");
  if (mysqlPort === 0) return unproven("nobody knows its MySQL port");
  const there = whoIsAt(snapshot, from, process.alias);
  if (there !== null) return unproven(there);
  const hostname = flags.hostname ?? address.host;
  const moved = clone(TabletSchema, record);
  moved.hostname = hostname;
  moved.portMap = { ...record.portMap, grpc: address.grpcPort, vt: httpPort };
  moved.mysqlHostname = flags.mysqlHost ?? hostname;
  moved.mysqlPort = mysqlPort;
  return { kind: "moved", record: moved, from };
};

const unproven = (reason: string): Moved => ({ kind: "unproven", reason });

/** Null: the old address refuses connections, or another tablet has it. */
const whoIsAt = (snapshot: Snapshot, address: string, alias: string): string | null => {
  const [live] = snapshot.rows("live_tablet", { address });
  if (live !== undefined)
    return live.alias === null || live.alias === alias
      ? `a process at ${address} may be the same tablet`
      : null;
  const [probe] = snapshot.rows("probe", { address, channel: "health" });
  return probe?.answered === 0 && probe.reason === "unreachable"
    ? null
    : `it is not proven that nobody is left at ${address} (${probe?.reason ?? "not asked"})`;
};
