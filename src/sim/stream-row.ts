import type { SidecarRow } from "../tablets/access.js";

/** The Vitess whose tables, messages and effects a simulated process has. */
export type VitessVersion = "19.0.10" | "24.0.4";

export const atLeast = (version: VitessVersion, major: number): boolean =>
  Number.parseInt(version, 10) >= major;

/** Vitess's numbers (`binlogdata.VReplicationWorkflowType`). */
export const MATERIALIZE = 0;
export const MOVE_TABLES = 1;
export const RESHARD = 4;

export interface NewStream {
  readonly workflow: string;
  readonly dbName: string;
  /** Prototext of a BinlogSource. */
  readonly source: string;
  readonly workflowType: number;
  readonly state?: string;
  readonly pos?: string;
  readonly cell?: string;
  readonly tabletTypes?: string;
  readonly deferSecondaryKeys?: boolean;
  readonly options?: string;
  /** What the row generator writes as limits, or 0 where an RPC made the row. */
  readonly limits?: string;
}

const MAX_INT64 = "9223372036854775807";

/** A row of `_vt.vreplication` with the columns of that version, in the table's order, id still to come. */
export const newStreamRow = (version: VitessVersion, stream: NewStream, nowSeconds: number): SidecarRow => {
  const modern = atLeast(version, 20);
  return {
    id: null,
    workflow: stream.workflow,
    source: stream.source,
    pos: stream.pos ?? "",
    stop_pos: null,
    max_tps: stream.limits ?? MAX_INT64,
    max_replication_lag: stream.limits ?? MAX_INT64,
    cell: stream.cell ?? "",
    tablet_types: stream.tabletTypes ?? "in_order:replica,primary",
    time_updated: String(nowSeconds),
    transaction_timestamp: "0",
    state: stream.state ?? "Stopped",
    message: null,
    db_name: stream.dbName,
    rows_copied: "0",
    tags: "",
    time_heartbeat: "0",
    workflow_type: String(stream.workflowType),
    time_throttled: "0",
    component_throttled: "",
    ...(modern ? { reason_throttled: "" } : {}),
    workflow_sub_type: "0",
    defer_secondary_keys: stream.deferSecondaryKeys === true ? "1" : "0",
    ...(modern ? { options: stream.options ?? "{}" } : {}),
  };
};

export const isStopped = (row: SidecarRow): boolean => row.state === "Stopped" || row.state === "Error";
